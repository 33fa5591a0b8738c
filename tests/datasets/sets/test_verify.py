"""A folder is used if it is what the manifest says, and what is missing is named."""

import gzip
import hashlib
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from axonal.datasets.sets import ListedFile, Manifest, checksums, verify

CONTENT = b"spikes" * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()
PLAIN = ListedFile("a.h5", len(CONTENT), MD5)


def made(*files: ListedFile, **splits: tuple[ListedFile, ...]) -> Manifest:
    return Manifest("Made", ("made", "MADE"), "its authors", splits or {"test": files})


def zipped(path: Path, **members: bytes) -> ListedFile:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    content = path.read_bytes()
    return ListedFile(
        path.name, len(content), hashlib.md5(content).hexdigest(), gives=tuple(members)
    )


def test_a_whole_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(CONTENT)
    assert verify(made(PLAIN), tmp_path).folder == tmp_path
    assert verify(made(PLAIN), tmp_path).remarks == ()


def test_it_is_found_where_the_data_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "MADE").mkdir()
    (tmp_path / "MADE" / "a.h5").write_bytes(CONTENT)
    monkeypatch.setenv("AXONAL_DATA", str(tmp_path))
    assert verify(made(PLAIN)).folder == tmp_path / "MADE"
    monkeypatch.delenv("AXONAL_DATA")
    with pytest.raises(FileNotFoundError, match=r"put it into a folder made/ and set AXONAL_DATA"):
        verify(made(PLAIN))


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"x"])
def test_another_size_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(ValueError, match=rf"has {len(content)} bytes, expected 6000"):
        verify(made(PLAIN), tmp_path)


def test_another_checksum_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"S" + CONTENT[1:])
    with pytest.raises(ValueError, match=rf"has the MD5 [0-9a-f]{{32}}, expected {MD5}"):
        verify(made(PLAIN), tmp_path)


def test_a_checksum_is_read_once_and_again_on_request_or_after_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(CONTENT)
    verify(made(PLAIN), tmp_path)
    reads = []
    digest = checksums._digest
    monkeypatch.setattr(checksums, "_digest", lambda *a: reads.append(a) or digest(*a))
    verify(made(PLAIN), tmp_path)
    assert len(reads) == 0
    verify(made(PLAIN), tmp_path, again=True)
    assert len(reads) == 1
    path.write_bytes(b"S" + CONTENT[1:])
    os.utime(path, ns=(1, 1))
    with pytest.raises(ValueError, match="has the MD5"):
        verify(made(PLAIN), tmp_path)


def test_a_memory_that_cannot_be_kept_or_is_damaged_is_none(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "a.h5").write_bytes(CONTENT)
    cache.rmdir()
    cache.write_text("a file where the folder should be")
    verify(made(PLAIN), tmp_path)
    cache.unlink()
    verify(made(PLAIN), tmp_path)
    (note,) = (cache / "verified").iterdir()
    for damage in ("", "[" * 1000, '{"want": 1}'):
        note.write_text(damage)
        verify(made(PLAIN), tmp_path)


def test_what_is_missing_is_named_with_size_and_checksum(tmp_path: Path) -> None:
    other = ListedFile("b.zip", md5=MD5, gives=("b.h5",), urls=("https://nowhere/b.zip",))
    with pytest.raises(FileNotFoundError) as caught:
        verify(made(PLAIN, other), tmp_path)
    line = str(caught.value)
    assert f"a.h5 (6000 bytes, MD5 {MD5}), b.zip (size not known, MD5 {MD5}) are missing" in line
    assert "or what it holds, b.h5: get them from its authors." in line
    assert "\n" not in line
    with pytest.raises(FileNotFoundError, match=r"get it from its authors; write download=True\."):
        verify(made(other), tmp_path)


def test_only_the_splits_that_are_wanted_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(CONTENT)
    both = made(train=(ListedFile("b.h5"),), test=(PLAIN,))
    verify(both, tmp_path, splits=["test"])
    with pytest.raises(FileNotFoundError, match=r"b\.h5"):
        verify(both, tmp_path)
    for wrong in ("test", ["validation"], []):
        with pytest.raises(ValueError, match="Made has the splits train, test"):
            verify(both, tmp_path, splits=wrong)


def test_an_archive_is_unpacked_and_then_need_not_be_there(tmp_path: Path) -> None:
    file = zipped(tmp_path / "a.zip", **{"a.h5": CONTENT, "Train/0/1.bin": b"1"})
    manifest = made(ListedFile(file.name, file.size, file.md5, gives=("a.h5", "Train")))
    assert verify(manifest, tmp_path).remarks == ()
    assert (tmp_path / "a.h5").read_bytes() == CONTENT
    assert (tmp_path / "Train" / "0" / "1.bin").read_bytes() == b"1"
    (tmp_path / "a.zip").unlink()
    (remark,) = verify(manifest, tmp_path).remarks
    assert "a.h5, Train is used as it lies there unpacked" in remark
    assert sorted(one.name for one in tmp_path.iterdir()) == ["Train", "a.h5"]


def test_tar_and_gzip_are_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("words/yes/1.wav")
        member.size = len(CONTENT)
        archive.addfile(member, io.BytesIO(CONTENT))
    (tmp_path / "g.h5.gz").write_bytes(gzip.compress(CONTENT))
    for name, gives, held in (
        ("t.tar.gz", "words", "words/yes/1.wav"),
        ("g.h5.gz", "g.h5", "g.h5"),
    ):
        md5 = hashlib.md5((tmp_path / name).read_bytes()).hexdigest()
        verify(made(ListedFile(name, md5=md5, gives=(gives,))), tmp_path)
        assert (tmp_path / held).read_bytes() == CONTENT


def test_what_a_killed_process_left_is_cleared_and_gives_come_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = zipped(tmp_path / "a.zip", **{"list.txt": b"1", "words/yes": CONTENT, "zoo/1": b"1"})
    manifest = made(ListedFile(file.name, file.size, file.md5, gives=("list.txt",)))
    (tmp_path / ".a.zip.unpacked" / "words").mkdir(parents=True)
    (tmp_path / ".a.zip.unpacked" / "words" / "half").write_bytes(b"")
    moved = []
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda one, to: moved.append(one.name) or rename(one, to))
    verify(manifest, tmp_path)
    assert moved == ["words", "zoo", "list.txt"]
    assert [one.name for one in (tmp_path / "words").iterdir()] == ["yes"]
    assert not (tmp_path / ".a.zip.unpacked").exists()


def test_no_member_of_an_archive_leaves_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    with tarfile.open(folder / "t.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("../outside")
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    md5 = hashlib.md5((folder / "t.tar.gz").read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=r"t\.tar\.gz cannot be unpacked .*outside"):
        verify(made(ListedFile("t.tar.gz", md5=md5, gives=("words",))), folder)
    assert not (tmp_path / "outside").exists()
    assert [one.name for one in folder.iterdir()] == ["t.tar.gz"]


def test_an_archive_that_is_damaged_or_another_one_is_not_unpacked(tmp_path: Path) -> None:
    other = zipped(tmp_path / "a.zip", other=b"1")
    with pytest.raises(ValueError, match=r"holds no a\.h5"):
        verify(made(ListedFile("a.zip", md5=other.md5, gives=("a.h5",))), tmp_path)
    with pytest.raises(ValueError, match="unpack it yourself"):
        verify(made(ListedFile("a.zip", gives=("a.h5",))), tmp_path)
    (tmp_path / "b.zip").write_bytes(b"no zip")
    md5 = hashlib.md5(b"no zip").hexdigest()
    with pytest.raises(ValueError, match=r"b\.zip cannot be unpacked"):
        verify(made(ListedFile("b.zip", md5=md5, gives=("b.h5",))), tmp_path)


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "", "~/a"])
def test_a_name_that_leads_elsewhere_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="names inside a folder"):
        ListedFile(name)


def test_checksums_are_digits_and_needed_for_addresses() -> None:
    with pytest.raises(ValueError, match="md5 as 32 hexadecimal digits"):
        ListedFile("a", md5="abc")
    with pytest.raises(ValueError, match="expects a checksum for a, which has an address"):
        ListedFile("a", urls=("https://nowhere/a",))
