"""Why the agent gives up, in words for whoever reads its log: Chinese first, English after the stroke."""

from typing import Final


class AgentStopped(Exception):
    """Trying again cannot help until somebody acts. `code` is the site's problem code or one of ours."""

    def __init__(self, code: str, told: str, *, concerns_all: bool = False) -> None:
        super().__init__(told)
        self.code = code
        self.concerns_all = concerns_all  # every other file would be refused too


class LineDown(Exception):
    """The site or the store could not be reached, or broke off. Passes."""


class DigestRefused(Exception):
    """The store counted another SHA-256 than the one reported: damaged on the way, or read differently the second time."""


class FileChanged(AgentStopped):
    """The file was written to while it was being sent."""

    def __init__(self, name: str) -> None:
        super().__init__("file-changed", f"文件在发送过程中被改动：{name} / changed while it was being sent: {name}")


ADVICE: Final = {
    "key-refused": "接口密钥无效、过期或已吊销，请机构负责人重新生成 / this API key is unknown, expired or revoked: have a new one made",
    "scope-missing": "接口密钥权限不足，需要 upload:write 和 upload:read / the API key needs the scopes upload:write and upload:read",
    "quota-exceeded": "存储配额已满，请联系主管部门 / the storage quota is used up: ask the bureau",
    "file-too-large": "文件超过大小上限，请让录像机分段导出 / the file is larger than allowed: let the recorder split its export",
    "file-empty": "空文件 / the file is empty",
    "clock-wrong": "服务器之间或本机时钟偏差过大，请校时后重试 / a clock is wrong (this machine, the site or the store): set it and try again",
    "site-address": "网址或密钥的格式不对 / the site's address or the key is not well-formed",
    "interrupted": "已中断；已发送的部分会保留，下次继续 / interrupted; what was sent stays and is continued",
    "file-gone": "文件已不存在（被移动、改名或删除） / the file is gone: moved, renamed or deleted",
    "file-unreadable": "文件无法读取，请检查磁盘和权限 / the file cannot be read: check the disk and the permissions",
    "folder-shut": "文件夹无法打开，其中的录像没有发送，请检查权限 / this folder cannot be opened, nothing in it was sent: check the permissions",
    "line-down": "网络长时间不通，已停止；已发送的部分会保留，下次继续 / no connection for too long; what was sent stays and is continued",
}
UNTIL_RESTARTED: Final = frozenset({"key-refused", "scope-missing", "sign-in-needed", "not-allowed", "site-address"})  # read at the start only
FOR_ALL: Final = UNTIL_RESTARTED | {"quota-exceeded", "clock-wrong", "line-down", "interrupted"}


def stopped(code: str, detail: str = "") -> AgentStopped:
    """A refusal with its advice; `detail` is the site's own sentence."""
    told = " · ".join(part for part in (ADVICE.get(code, ""), detail) if part) or code
    return AgentStopped(code, told, concerns_all=code in FOR_ALL)
