"""Who did something, in words: the name the log holds and the hat that was worn."""

from typing import Final

from api.auth.roles import ROLE_NAMES
from api.locale.language import Language

MACHINES: Final = {
    "system": {"zh": "系统", "en": "system"},
    "worker": {"zh": "自动处理", "en": "automatic"},
    "scheduler": {"zh": "定时处理", "en": "on schedule"},
}
_WORDS: Final = {role.value: names for role, names in ROLE_NAMES.items()} | MACHINES


def actor_text(name: str, role: str, language: Language) -> str:
    """`bureau · 业务科室`. A role that no table knows stays as the log spells it."""
    return f"{name} · {_WORDS[role][language] if role in _WORDS else role}"
