"""Downloads from a server on this machine: asked for, resumed, held against their checksums."""

import fcntl
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from axonal.datasets.sets import ListedFile, Manifest, verify
from axonal.datasets.sets.download import download_file

CONTENT = bytes(range(256)) * 9000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT under names that say how it misbehaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[tuple[str, str | None]] = []
        self.released = threading.Event()

    def handle_error(self, *_: object) -> None:
        """A client that has read enough, or waited long enough, hangs up."""

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name, wanted = self.path.strip("/"), self.headers["Range"]
        self.server.asked.append((name, wanted))
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if name == "gone":
            self.send_error(404)
            return
        if begin >= len(CONTENT):
            self.send_error(416)
            return
        if name == "no-range":
            begin, wanted = 0, None
        content = CONTENT[begin:]
        if name == "other":
            content = b"x" + content[1:]
        self.send_response(206 if wanted else 200)
        if wanted:
            shown = begin + (1 if name == "wrong-range" else 0)
            self.send_header("Content-Range", f"bytes {shown}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if name == "long":
            content += b"more"
        if name != "no-length":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if name == "stall":
            self.wfile.write(content[:1000])
            self.wfile.flush()
            self.server.released.wait(30)
            return
        self.wfile.write(content[: len(content) // 2] if name == "half" else content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def listed(server: Server, *names: str, size: int | None = len(CONTENT)) -> ListedFile:
    return ListedFile("a.bin", size, sha256=SHA256, urls=tuple(map(server.url, names)))


def part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.download")


@pytest.mark.parametrize("name", ["plain", "no-range", "no-length"])
@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_file_comes_whole(server: Server, tmp_path: Path, name: str, size: int | None) -> None:
    path = tmp_path / "a.bin"
    download_file(listed(server, name, size=size), path)
    assert path.read_bytes() == CONTENT
    assert [one.name for one in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("name", ["plain", "no-range", "wrong-range", "no-length"])
def test_what_was_begun_goes_on(server: Server, tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.bin"
    part_of(path).write_bytes(CONTENT[:1000])
    download_file(listed(server, name), path)
    assert path.read_bytes() == CONTENT
    again = [(name, None)] if name == "wrong-range" else []
    assert server.asked == [(name, "bytes=1000-"), *again]


@pytest.mark.parametrize("begun", [CONTENT, CONTENT + b"more", b"x" * 1000, b"x" * len(CONTENT)])
@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_beginning_of_something_else_is_thrown_away(
    server: Server, tmp_path: Path, begun: bytes, size: int | None
) -> None:
    path = tmp_path / "a.bin"
    part_of(path).write_bytes(begun)
    download_file(listed(server, "plain", size=size), path)
    assert path.read_bytes() == CONTENT


def test_a_connection_that_ends_early_is_kept_and_goes_on_elsewhere(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "a.bin"
    with pytest.raises(OSError, match=r"ended after 1152000 of 2304000 bytes\. 1152000 bytes are"):
        download_file(listed(server, "half"), path)
    assert not path.exists()
    download_file(listed(server, "gone", "plain"), path)
    assert path.read_bytes() == CONTENT
    assert server.asked[-1] == ("plain", "bytes=1152000-")


def test_wrong_content_is_refused_and_the_next_address_tried(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "a.bin"
    download_file(listed(server, "gone", "other", "long", "plain"), path)
    assert path.read_bytes() == CONTENT
    path.unlink()
    with pytest.raises(OSError, match=r"404.*what came has another checksum.*sends 2304004 bytes"):
        download_file(listed(server, "gone", "other", "long"), path)
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_falls_silent_is_given_up(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    download_file(listed(server, "stall", "plain"), path, timeout=0.3)
    server.released.set()
    assert path.read_bytes() == CONTENT
    assert server.asked == [("stall", None), ("plain", "bytes=1000-")]


def test_two_processes_do_not_write_one_file(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with part_of(path).open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError, match="another process downloads"):
            download_file(listed(server, "plain"), path)


def test_nothing_but_the_web_is_an_address(tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(CONTENT)
    file = ListedFile("a.bin", sha256=SHA256, urls=(f"file://{tmp_path}/here",))
    with pytest.raises(OSError, match="no address of the web"):
        download_file(file, tmp_path / "a.bin")


def test_the_network_is_not_touched_unless_asked(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONAL_CACHE", str(tmp_path / "cache"))
    manifest = Manifest("Made", ("made",), "its authors", {"test": (listed(server, "plain"),)})
    with pytest.raises(FileNotFoundError, match="write download=True"):
        verify(manifest, tmp_path / "new")
    assert server.asked == []
    assert not (tmp_path / "new").exists()
    found = verify(manifest, tmp_path / "new", download=True)
    assert (found.folder / "a.bin").read_bytes() == CONTENT
    verify(manifest, tmp_path / "new", download=True)
    assert len(server.asked) == 1
