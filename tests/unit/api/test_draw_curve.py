"""The curve of a draw's page: exact chances, never falling, and the figures that the county was told."""

from hypothesis import given
from hypothesis import strategies as st

from api.pages.draws.curve import HEIGHT, WIDTH, curve


def test_a_five_per_cent_sample_of_200_finds_five_per_cent_bad_only_four_times_in_ten() -> None:
    found = curve([200], [51])
    assert found.compared.sampled == 10
    assert found.compared.at[50] == 408  # 41 %
    assert found.own.at[50] >= 950  # 51 lessons for 95 %


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))))
def test_the_chance_never_falls_and_stays_in_the_picture(round_: tuple[int, int]) -> None:
    found = curve([round_[0]], [round_[1]])
    for line in (found.own, found.compared):
        chances = [line.at[share] for share in sorted(line.at)]
        assert chances == sorted(chances)
        points = [tuple(map(float, point.split(","))) for point in line.points.split()]
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
        assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)


def test_looking_at_everything_finds_everything() -> None:
    assert set(curve([20], [20]).own.at.values()) == {1000}
