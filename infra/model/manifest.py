"""Writes quarry.json: what the model is, and the size and sha256 of every other file. `python manifest.py DIR`."""

import hashlib
import json
import sys
from pathlib import Path


def write_manifest(directory: Path) -> None:
    paths = sorted(p for p in directory.rglob("*") if p.is_file() and p.name != "quarry.json")
    files = {
        p.relative_to(directory).as_posix(): {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "bytes": p.stat().st_size}
        for p in paths
    }
    manifest = {"format": 1, "name": directory.resolve().name, "version": "0.2.0", "kind": "generator", "files": files}
    (directory / "quarry.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    write_manifest(Path(sys.argv[1]))
