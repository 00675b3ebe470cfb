"""Readers and the document store, on real Chroma."""

from pathlib import Path

import pytest

from simulator.errors import InputError, StoreError
from simulator.readers import read
from simulator.store import Store
from simulator.testing import HashingEmbedder

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
WORDS = "Waiting alone on the stairs is lonely. " * 12


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", HashingEmbedder())


def pdf(text):
    stream = f"BT /F1 12 Tf 40 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
            b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + table
    return out + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start


def written(folder, kind):
    import docx

    path = folder / f"lighthouse.{kind}"
    if kind == "docx":
        document = docx.Document()
        document.add_heading("The lighthouse rule", 1)
        document.add_paragraph(WORDS)
        document.save(str(path))
    elif kind == "pdf":
        path.write_bytes(pdf("The lighthouse rule. " + WORDS))
    elif kind == "html":
        path.write_text(f"<h2>The lighthouse rule</h2><script>evil()</script><p>{WORDS}</p>")
    else:
        path.write_text(f"# The lighthouse rule\n\n{WORDS}\n")
    return path


@pytest.mark.parametrize("kind", ["txt", "md", "html", "pdf", "docx"])
def test_every_kind_of_file_can_be_added_found_and_removed(store, tmp_path, kind):
    path = written(tmp_path, kind)
    added = store.add(path)
    store.add(path)
    assert store.documents() == [path.name]
    assert len([p for p in store.passages() if p.topic == "user"]) == len(added)
    assert "evil" not in " ".join(p.text for p in added)
    hit = store.search("lighthouse rule about the stairs", limit=1)[0].passage
    assert hit.source.document == path.name
    assert store.remove(path.name) == len(added)
    assert store.documents() == []


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.exe", b"MZ", "cannot read .exe"),
        ("x.pdf", b"not a pdf", "not a readable PDF"),
        ("x.docx", b"not a word file", "not a readable Word"),
        ("x.txt", b"  \n ", "no text found"),
    ],
)
def test_unreadable_files_are_one_line(tmp_path, name, content, told):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=told):
        read(path)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "gone.txt")


def test_removing_what_is_not_there_names_what_is(store):
    with pytest.raises(InputError, match="none yet"):
        store.remove("gone.txt")


def test_search_keeps_to_the_passages_asked_for(store):
    some = [passage.id for passage in store.passages() if "repair" in passage.codes]
    hits = store.search("saying sorry", among=some, limit=5)
    assert len(hits) == 5
    assert {hit.passage.id for hit in hits} <= set(some)
    assert store.search("saying sorry", among=[]) == []


def test_a_passage_is_found_by_a_question_it_answers(store):
    passage = next(p for p in store.passages() if p.asks)
    assert store.search(passage.asks[0], limit=1)[0].passage.id == passage.id


def test_our_passages_are_brought_up_to_date_once(tmp_path):
    first = Store(tmp_path / "store", HashingEmbedder())
    count = len(first.passages())
    again = Store(tmp_path / "store", HashingEmbedder())
    assert len(again.passages()) == count


def test_documents_added_by_an_earlier_version_are_found(tmp_path):
    first = Store(tmp_path / "store", HashingEmbedder())
    [added] = first.add(written(tmp_path, "md"))
    rows = first._collection.get(where={"origin": "user"}, include=["metadatas", "embeddings"])
    first._collection.delete(ids=rows["ids"])
    meta = {key: value for key, value in rows["metadatas"][0].items() if key not in {"of", "first"}}
    first._collection.upsert(ids=[added.id], embeddings=[rows["embeddings"][0].tolist()], metadatas=[meta])
    again = Store(tmp_path / "store", HashingEmbedder())
    assert again.documents() == ["lighthouse.md"]
    assert again.search("lighthouse rule about the stairs", limit=1)[0].passage.id == added.id


def test_a_damaged_store_is_one_line(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "chroma.sqlite3").write_bytes(b"no database" * 500)
    with pytest.raises(StoreError, match="damaged or cannot be opened"):
        Store(folder, HashingEmbedder())


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed documents are not part of the project")
def test_the_seed_documents_can_be_ingested(store):
    for path in sorted(SEEDS.glob("*.txt")):
        assert len(store.add(path)) >= 5
    theirs = [p for p in store.passages() if p.topic == "user"]
    for passage in theirs:  # every section is found by its own heading and opening words
        query = f"{passage.title} {' '.join(passage.text.split()[:12])}"
        found = [hit.passage.id for hit in store.search(query, among=[p.id for p in theirs], limit=3)]
        assert passage.id in found, passage.title
