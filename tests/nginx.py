"""A real nginx with the configuration of deploy/nginx, on free ports and in a folder of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.waiting import wait_until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
CONFIG = Path("deploy/nginx/default.conf")


@contextmanager
def nginx(folder: Path, port: int, upstream: int, *changes: tuple[str, str]) -> Iterator[None]:
    """nginx with the shipped configuration, on other ports and folders."""
    text = CONFIG.read_text()
    for old, new in (
        ("server ${GANVAS_SERVICE}:8000", f"server 127.0.0.1:{upstream}"),
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        ("/var/cache/nginx/ganvas", str(folder / "cache")),
        *changes,
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    paths = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi"))
    paths += "".join(f"{kind}_temp_path {folder / kind};\n" for kind in ("uwsgi", "scgi"))
    # Started by root, its workers would be another user, who may not write here.
    user = "user root;\n" if os.geteuid() == 0 else ""
    main = f"{user}pid {folder / 'pid'};\nerror_log stderr warn;\nevents {{}}\n"
    main += f"http {{\naccess_log off;\n{paths}{text}\n}}\n"
    (folder / "nginx.conf").write_text(main)
    command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()


def until_it_answers(client: httpx.Client, log: Path) -> None:
    """Wait for the first response; show the log if none comes."""

    def answers() -> bool:
        with suppress(httpx.TransportError):
            return client.get("/livez").status_code == 200
        return False

    try:
        wait_until(answers)
    except AssertionError:
        raise AssertionError(log.read_text()) from None
