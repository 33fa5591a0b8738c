"""Open pages in Chromium and tell what they ask for, and how long they take to open.

``python tests/scripts/browser.py FOLDER PAGE ...`` opens every page from its file in a headless
Chromium without background networking, through its debugging protocol, and prints a line for each:
seconds until it was loaded and drawn, requests, errors of its scripts. It ends with 1 if a page
asked for anything that is no file below the folder, or if a script failed.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--no-first-run", "--remote-debugging-port=0",
)  # fmt: skip
COMMANDS = ("Page.enable", "Network.enable", "Runtime.enable", "Page.bringToFront")
DRAWN = """
Promise.race([
    new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))),
    new Promise(done => setTimeout(done, 500)),  // nothing to draw: no frame comes
])
"""
PATIENCE = 60.0
"""Seconds until a page has to be loaded."""


async def opened(socket: Any, page: Path) -> dict[str, Any]:
    """Open a page; tell its time, the addresses it asked for, and errors."""
    for number, method in enumerate(COMMANDS):
        await socket.write_message(json.dumps({"id": number, "method": method}))
    begun = time.perf_counter()
    address = page.resolve().as_uri()
    await say(socket, 10, "Page.navigate", url=address)
    asked, failed, loaded = [], [], None
    while loaded is None:
        left = PATIENCE - (time.perf_counter() - begun)
        event = json.loads(await asyncio.wait_for(socket.read_message(), left))
        told = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                asked.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                failed.append(told["exceptionDetails"]["text"])
            case "Page.loadEventFired":
                # drawn when the script thread is free for two frames
                await say(socket, 11, "Runtime.evaluate", expression=DRAWN, awaitPromise=True)
        if event.get("id") == 11:
            loaded = time.perf_counter() - begun
    return {"seconds": loaded, "asked": asked, "failed": failed}


async def say(socket: Any, number: int, method: str, **parameters: Any) -> None:
    """Send a command."""
    await socket.write_message(json.dumps({"id": number, "method": method, "params": parameters}))


def outside(address: str, folder: Path) -> bool:
    """Return whether an address leads out of a folder; data in the address do not."""
    parts = urlsplit(address)
    if parts.scheme in ("data", "blob", "about"):
        return False
    inside = Path(unquote(parts.path)).resolve().is_relative_to(folder.resolve())
    return parts.scheme != "file" or not inside


async def main(folder: Path, pages: list[Path]) -> int:
    """Open all pages, one after another."""
    missing = [str(page) for page in pages if not page.is_file()]
    if missing:
        print(f"no such page: {', '.join(missing)}", file=sys.stderr)
        return 2
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        print(f"none of {', '.join(PROGRAMS)} is on the PATH", file=sys.stderr)
        return 2
    bad = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as browser:
            try:
                said = Path(profile, "DevToolsActivePort")
                while not said.exists() or not said.read_text():
                    await asyncio.sleep(0.1)
                port = said.read_text().split()[0]
                for page in pages:
                    new = f"http://127.0.0.1:{port}/json/new?about:blank"
                    answer = await AsyncHTTPClient().fetch(
                        new, method="PUT", body="", request_timeout=30
                    )
                    target = json.loads(answer.body)["webSocketDebuggerUrl"]
                    socket = await websocket_connect(target, max_message_size=1 << 28)
                    found = await opened(socket, page)
                    socket.close()
                    away = [a for a in found["asked"] if outside(a, folder)]
                    bad += bool(away or found["failed"])
                    print(
                        f"{page.name}: {found['seconds']:.2f} s, {len(found['asked'])} requests, "
                        f"{len(away)} outside, {len(found['failed'])} errors", *away[:3],
                        *found["failed"][:3], flush=True,
                    )  # fmt: skip
            finally:
                browser.terminate()
                browser.wait()
    return int(bad > 0)


if __name__ == "__main__":
    below, *names = map(Path, sys.argv[1:])
    sys.exit(asyncio.run(main(below, names)))
