"""Signed notes, keys, checkpoints and proofs: what is accepted, and all the ways to be refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from storage.ledger import checkpoint as cp
from storage.ledger import merkle
from storage.ledger.errors import MalformedNote, UnknownSignature
from storage.ledger.note import ED25519, decode_base64, encode_base64, open_note, parse_decimal, parse_vkey, sign_note, verifier_key

NAME = "classproof.example/log"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VKEY = verifier_key(NAME, KEY)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)


def test_the_example_of_the_notes_own_specification_opens() -> None:
    vkey = parse_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert open_note(note, [vkey]).startswith("If you think")
    with pytest.raises(UnknownSignature):
        open_note(note.replace("answer", "Answer"), [vkey])


def test_a_key_survives_its_text_form() -> None:
    assert parse_vkey(str(VKEY)) == VKEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        str(VKEY).replace("+", "-"),
        "other" + str(VKEY),
        str(VKEY)[:-4],
        f"+{VKEY.key_id.hex()}+{encode_base64(ED25519 + VKEY.public)}",
        f"{NAME}+{VKEY.key_id.hex()}+{encode_base64(bytes([2]) + VKEY.public)}",
    ],
)
def test_a_malformed_key_is_refused(text: str) -> None:
    with pytest.raises(MalformedNote):
        parse_vkey(text)


def test_a_note_opens_with_its_key_and_ignores_strangers() -> None:
    signed = sign_note("one\n\ntwo\n", NAME, KEY)
    cosigned = signed + sign_note("one\n\ntwo\n", "witness.example", OTHER).rpartition("\n\n")[2]
    assert open_note(cosigned, [VKEY]) == "one\n\ntwo\n"
    assert open_note(cosigned, [verifier_key("witness.example", OTHER)]) == "one\n\ntwo\n"
    with pytest.raises(UnknownSignature):
        open_note(signed, [verifier_key(NAME, OTHER)])


def test_a_wrong_signature_under_a_known_name_spoils_the_note_even_beside_a_right_one() -> None:
    signed = sign_note("text\n", NAME, KEY)
    forged = f"— witness.example {encode_base64(verifier_key('witness.example', OTHER).key_id + bytes(64))}\n"
    with pytest.raises(UnknownSignature):
        open_note(signed + forged, [VKEY, verifier_key("witness.example", OTHER)])


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n.rstrip("\n"),
        lambda n: n.replace("\n\n", "\n"),
        lambda n: n + "\n",
        lambda n: n + "more\n",
        lambda n: n.replace("— ", "- "),
        lambda n: n.replace("\n", "\r\n"),
        lambda n: n.replace("text", "te\x00xt"),
        lambda n: n.replace("text", "te\ud800xt"),
        lambda n: n[:-2] + "!\n",
        lambda n: n[: n.index("— ")] + f"— {NAME} AAAA\n",
        lambda n: n[: n.index("— ")] + "— \n",
        lambda n: n + n[n.index("— ") :] * 64,
        lambda n: "x" * 70_000 + n,
        lambda _: "",
    ],
)
def test_a_note_that_is_not_exactly_a_note_is_refused(change: object) -> None:
    with pytest.raises((MalformedNote, UnknownSignature)):
        open_note(change(sign_note("text\n", NAME, KEY)), [VKEY])  # type: ignore[operator]


@given(st.text(max_size=300))
def test_no_text_makes_the_parsers_do_anything_but_refuse(text: str) -> None:
    for parse in (parse_vkey, cp.parse_proof, lambda t: open_note(t, [VKEY]), lambda t: cp.open_checkpoint(t, [VKEY], NAME)):
        with pytest.raises((MalformedNote, UnknownSignature)):
            parse(text)


@given(st.binary(max_size=80))
def test_base64_has_one_spelling(raw: bytes) -> None:
    assert decode_base64(encode_base64(raw)) == raw


@pytest.mark.parametrize("text", ["A", "AA", "AB==", "AA==\n", " AA==", "A-==", "AA=", "课证"])
def test_another_spelling_of_base64_is_refused(text: str) -> None:
    with pytest.raises(MalformedNote):
        decode_base64(text)


@pytest.mark.parametrize("text", ["", "-1", "+1", "01", "1 ", "1_0", "１", "9" * 20, str(1 << 63), "x"])
def test_a_decimal_has_one_spelling(text: str) -> None:
    with pytest.raises(MalformedNote):
        parse_decimal(text)


def test_a_checkpoint_is_origin_size_and_root_and_nothing_else() -> None:
    head = cp.sign_checkpoint(NAME, 3, b"\5" * 32, KEY)
    assert cp.open_checkpoint(head.note, [VKEY], NAME) == head
    with pytest.raises(MalformedNote):
        cp.open_checkpoint(head.note, [VKEY], "another.example/log")
    for text in (f"{NAME}\n3\n", head.text + "extension\n", f"{NAME}\n03\n{encode_base64(bytes(32))}\n", f"{NAME}\n3\n{encode_base64(bytes(31))}\n"):
        with pytest.raises(MalformedNote):
            cp.open_checkpoint(sign_note(text, NAME, KEY), [VKEY], NAME)


def _log(count: int) -> tuple[list[bytes], list[bytes], cp.Checkpoint]:
    bodies = [f'{{"n":{n}}}'.encode() for n in range(count)]
    hashes = [merkle.leaf_hash(body) for body in bodies]
    return bodies, hashes, cp.sign_checkpoint(NAME, count, merkle.root(hashes), KEY)


@given(st.integers(1, 40), st.data())
def test_a_proof_written_is_a_proof_read(count: int, data: st.DataObject) -> None:
    bodies, hashes, head = _log(count)
    index = data.draw(st.integers(0, count - 1))
    proof = cp.write_proof(index, merkle.inclusion_path(hashes, index), head.note)
    assert cp.verify_proof(bodies[index], proof, [VKEY], NAME) == head
    with_extra = proof.replace("\nindex", "\nextra AAAA\nindex", 1)
    assert cp.verify_proof(bodies[index], with_extra, [VKEY], NAME) == head
    assert cp.verify_proof(bodies[index] + b" ", proof, [VKEY], NAME) is None


def test_a_proof_with_another_place_or_order_leads_nowhere() -> None:
    bodies, hashes, head = _log(13)
    path = merkle.inclusion_path(hashes, 5)
    for index, steps in ((6, path), (5, path[::-1]), (5, path[:-1]), (5, [*path, path[0]]), (13, path)):
        assert cp.verify_proof(bodies[5], cp.write_proof(index, steps, head.note), [VKEY], NAME) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.replace("@v1", "@v2"),
        lambda p: p.replace("index 5", "index 05"),
        lambda p: p.replace("index 5\n", ""),
        lambda p: p.replace("\n\n", "\n", 1),
        lambda p: p.replace("index 5\n", "index 5\nAAAA\n"),
        lambda p: p.replace("index 5\n", "index 5\n" + f"{encode_base64(bytes(32))}\n" * 64),
        lambda p: p.replace("\nindex", "\nextra !\nindex"),
    ],
)
def test_a_proof_that_is_not_exactly_a_proof_is_refused(change: object) -> None:
    bodies, hashes, head = _log(13)
    proof = cp.write_proof(5, merkle.inclusion_path(hashes, 5), head.note)
    with pytest.raises(MalformedNote):
        cp.verify_proof(bodies[5], change(proof), [VKEY], NAME)  # type: ignore[operator]


def test_a_consistency_proof_holds_for_the_checkpoint_it_was_made_for() -> None:
    _, hashes, new = _log(13)
    old = cp.sign_checkpoint(NAME, 6, merkle.root(hashes[:6]), KEY)
    proof = cp.write_consistency(6, merkle.consistency_path(hashes, 6), new.note)
    assert cp.verify_consistency_proof(old, proof, [VKEY], NAME) == new
    assert cp.verify_consistency_proof(cp.sign_checkpoint(NAME, 6, bytes(32), KEY), proof, [VKEY], NAME) is None
    assert cp.verify_consistency_proof(cp.sign_checkpoint(NAME, 7, old.root, KEY), proof, [VKEY], NAME) is None
    for broken in ("", proof.replace("@v1", "@v2"), proof.replace("old 6", "old x")):
        with pytest.raises(MalformedNote):
            cp.verify_consistency_proof(old, broken, [VKEY], NAME)
