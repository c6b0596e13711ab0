"""The only import of minio: a client with our timeouts, and one place where its errors become ours.

minio-py has no public calls for a multipart upload in pieces, for CORS and for the lock configuration of a bucket, so `Wire.call` uses its
`_execute`; a contract test runs every one of these calls against the real store.
"""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar
from xml.etree import ElementTree as ET  # answers of the store we chose, over our own connection

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from storage.engines.addresses import S3Address
from storage.objects.errors import StoreRefused, StoreUnavailable

T = TypeVar("T")

CONNECT_TIMEOUT_S: Final = 5
READ_TIMEOUT_S: Final = 60
BACK_OFF_S: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0)  # covers the seconds of 500s after a restart of the store
CONNECTIONS: Final = 32
SERVER_FAULT: Final = 500


class Refusal(Exception):
    """An answer of the store below 500. `code` is the S3 code, e.g. `NoSuchUpload`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Wire:
    """A client of one address. Thread-safe."""

    def __init__(self, address: S3Address) -> None:
        self.client = Minio(
            endpoint=address.endpoint,
            access_key=address.access_key,
            secret_key=address.secret_key,
            secure=address.secure,
            region=address.region,
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S), maxsize=CONNECTIONS, retries=False
            ),
        )

    def call(
        self,
        method: str,
        bucket: str,
        key: str | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[bytes, Mapping[str, str]]:
        """One signed request; its body and headers. For calls that minio-py does not offer."""
        response = self.client._execute(method, bucket, object_name=key, body=body, headers=dict(headers or {}), query_params=dict(query or {}))
        return response.data, response.headers

    def attempt(
        self, act: str, call: Callable[[], T], *, repeatable: bool = True, tries: int = len(BACK_OFF_S) + 1, passing: Collection[str] = ()
    ) -> T:
        """Run a call with back-off and turn whatever it raises into a Refusal or a StoreUnavailable.

        A call that is not repeatable is tried again only when the store certainly did nothing: no connection, or an answer of 5xx.
        `passing` names refusals that pass by themselves: they are asked again too, and are Refusals in the end.
        """
        for pause_s in (*BACK_OFF_S[: tries - 1], None):
            try:
                return call()
            except S3Error as error:
                if error.response.status < SERVER_FAULT and (error.code not in passing or pause_s is None):
                    raise Refusal(str(error.code), str(error.message)) from error
                why = f"{error.code}: {error.message}"
            except (ServerError, InvalidResponseError) as error:
                status = _status_of(error)
                if status < SERVER_FAULT:
                    raise Refusal(f"Http{status}", str(error)) from error
                why = str(error)
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
                why = str(error)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                if not repeatable:
                    raise StoreUnavailable(act=act, why=str(error)) from error
                why = str(error)
            except MinioException as error:
                raise StoreRefused(act=act, why=str(error)) from error
            if pause_s is not None:
                time.sleep(pause_s)
        raise StoreUnavailable(act=act, why=why)


def _status_of(error: ServerError | InvalidResponseError) -> int:
    status = getattr(error, "status_code", None) or getattr(error, "_code", 0)
    return int(status or 0)


def children(element: ET.Element, name: str) -> list[ET.Element]:
    """Child elements by local name, whatever their namespace."""
    return [child for child in element if child.tag.rsplit("}", 1)[-1] == name]


def text_of(element: ET.Element, name: str) -> str:
    """Text of the first child of that local name, or the empty string."""
    found = children(element, name)
    return (found[0].text or "") if found else ""


def parse(body: bytes) -> ET.Element:
    """The root element of an answer."""
    return ET.fromstring(body)  # noqa: S314
