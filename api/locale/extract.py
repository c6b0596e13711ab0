"""`python -m api.locale.extract`: bring the catalogues up to the sources, then compile them. New messages arrive with empty text."""

import sys

from babel.messages.mofile import write_mo

from api.locale.catalogues import DOMAINS, catalogue_path, defects, read_catalogue, updated, used_messages, write_catalogue


def main() -> int:
    for domain in DOMAINS:
        catalogue = updated(read_catalogue(domain), used_messages(domain), domain)
        write_catalogue(catalogue, domain)
        with catalogue_path(domain).with_suffix(".mo").open("wb") as out:
            write_mo(out, catalogue)
        open_ones = defects(domain).untranslated
        sys.stdout.write(f"{domain}: {len(catalogue)} messages, {len(open_ones)} without a Chinese text\n")
        for message in open_ones:
            sys.stdout.write(f"  {message}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
