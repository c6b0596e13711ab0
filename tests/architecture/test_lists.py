"""Every list can be taken along as a file. UI.md."""

import ast
from pathlib import Path

PAGES = Path(__file__).parents[2] / "api" / "pages"


def test_every_list_page_offers_a_file() -> None:
    seen, without = 0, []
    for path in sorted(PAGES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Listing.of":
                seen += 1
                if "exports" not in {keyword.arg for keyword in node.keywords}:
                    without.append(f"{path.name}:{node.lineno}")
    assert seen >= 14
    assert without == []
