"""`python -m api.locale.check`: every message used is translated into Chinese; nothing obsolete, fuzzy or with a lost placeholder."""

import sys
from dataclasses import fields

from api.locale.catalogues import DOMAINS, defects, used_messages

ADVICE = {
    "missing": "used but not in the catalogue: run `make messages`, then translate",
    "untranslated": "has no Chinese text",
    "obsolete": "no longer used: run `make messages`",
    "fuzzy": "marked as guessed: read it and remove the mark",
    "placeholders": "the text drops or invents a placeholder, or has a single percent sign",
}


def main() -> int:
    failed = False
    for domain in DOMAINS:
        found = defects(domain)
        for kind in fields(found):
            for message in getattr(found, kind.name):
                failed = True
                sys.stdout.write(f"{domain}: {message!r} {ADVICE[kind.name]}\n")
        sys.stdout.write(f"{domain}: {len(used_messages(domain))} messages checked\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
