"""A person of the demo at the site's door and desk: signs in through the forms as a browser does, then calls the public JSON API."""

import html
import re
from collections.abc import Mapping
from typing import Any, Final

import httpx
import pyotp

_SECRET: Final = re.compile(r"<code>([A-Z2-7 ]{16,})</code>")
_TOKEN: Final = re.compile(r'name="csrf(?:_token)?" value="([^"]+)"')


class Refused(Exception):
    """The site said no. `status` and problem `code`."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code = status, code


class Person:
    """One browser. `secret` is the TOTP secret once a code device was linked."""

    def __init__(self, site: str, login: str) -> None:
        self.login, self.secret = login, ""
        self.client = httpx.Client(base_url=site, timeout=60, trust_env=False)

    def sign_in(self, password: str) -> None:
        """Password form, then (when owed) the code form, linking a device on the first time."""
        page = self.client.get("/login")
        answer = self._form("/login", page, {"name": self.login, "password": password})
        if answer.headers.get("location", "").startswith("/login/code"):
            page = self.client.get("/login/code")
            if shown := _SECRET.search(page.text):
                self.secret = shown[1].replace(" ", "")
            answer = self._form("/login/code", page, {"code": pyotp.TOTP(self.secret).now()})
        if answer.status_code != 303:
            raise Refused(answer.status_code, "sign-in", self.login)

    def change_password(self, old: str, new: str) -> None:
        """The change that a password set by somebody else owes."""
        answer = self._form("/account/password", self.client.get("/account/password"), {"old": old, "new": new})
        if answer.status_code != 303:
            raise Refused(answer.status_code, "password", self.login)

    def call(self, method: str, path: str, body: object = None, **more: Any) -> Any:  # Any: JSON
        """One JSON call. Raises: Refused."""
        answer = self.client.request(method, path, json=body, headers={"Accept": "application/json", "X-ClassProof": "1"}, **more)
        if not answer.is_success:
            problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            raise Refused(answer.status_code, str(problem.get("type", "")).removeprefix("/problems/"), str(problem.get("detail", "")))
        return answer.json() if answer.content else None

    def press(self, page: str, path: str, *, files: Mapping[str, tuple[str, bytes]] | None = None, **fields: str) -> str:
        """A form of a page, filled in and sent as a browser does. Returns where it led. Raises: Refused."""
        answer = self._form(path, self.client.get(page), fields, files)
        if answer.status_code != 303:
            raise Refused(answer.status_code, "form", path)
        return str(answer.headers.get("location", ""))

    def fetch(self, path: str) -> bytes:
        """A page or file. Raises: Refused."""
        answer = self.client.get(path)
        if not answer.is_success:
            raise Refused(answer.status_code, "page", path)
        return answer.content

    def _form(self, path: str, page: httpx.Response, fields: dict[str, str], files: Mapping[str, tuple[str, bytes]] | None = None) -> httpx.Response:
        found = _TOKEN.search(page.text)
        return self.client.post(path, data={**fields, "csrf_token": html.unescape(found[1]) if found else ""}, files=files)
