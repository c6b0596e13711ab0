"""What is installed with the product: every part names its licence, none is AGPL, and the only model comes inside a wheel. R60."""

from pathlib import Path

import pytest

from tools.licences import INSIDE, TARGET, Part, complaints, page, parts


def test_the_page_of_dependencies_is_current_and_has_nothing_to_complain_of() -> None:
    runs, builds = parts()
    assert {"av", "opencv-python-headless", "psycopg-binary", "urllib3"} <= {part.name for part in runs}
    assert complaints([*runs, *builds]) == []
    assert TARGET.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize(
    "licence", ["", "AGPL-3.0-only", "GNU Affero General Public License v3", "MIT with Commons Clause", "CC-BY-NC: non-commercial"]
)
def test_a_licence_that_is_missing_or_not_allowed_is_told(licence: str) -> None:
    (told,) = complaints([Part("something", "1.0", licence)])
    assert told.startswith("something: ")


def test_every_model_in_the_product_is_told() -> None:
    root = TARGET.parent.parent
    models = {path.name for end in ("onnx", "pt", "pth", "tflite", "caffemodel") for path in _files(root, end)}
    held = " ".join(one[0] for inside in INSIDE.values() for one in inside)
    assert models, "the model is put in place by `make setup`"
    assert all(model in held for model in models)


def _files(root: Path, end: str) -> list[Path]:
    return [path for package in ("storage", "supervision", "compliance", "api") for path in (root / package).rglob(f"*.{end}")]
