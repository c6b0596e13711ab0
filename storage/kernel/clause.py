"""A citation: which sentence of which document a rule rests on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clause:
    """`source` is `[SEED]`, `[LAW]` or `[C]` (a proposed default); `ref` names the requirement or article.

    Example: `Clause("[SEED]", "R73", "培训机构保存培训监控全程视频资料备查时间2年")`.
    """

    source: str
    ref: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.source} {self.ref}"
