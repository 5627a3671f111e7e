"""Pin what the packages and the tools ask for into ``requirements.lock``: versions and hashes, no address."""

import subprocess
from pathlib import Path


def main() -> None:
    """Resolve for every platform at once; versions already pinned stay unless they no longer fit."""
    libs, services = (sorted(Path(group).iterdir()) for group in ("libs", "services"))
    packages = [Path("protos"), *libs, Path("libs/sdk/python"), *services]
    projects = [path for package in packages if (path := package / "pyproject.toml").exists()]
    subprocess.run(
        [
            *(".tools/bin/uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
            *("--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"),
            *(part for path in projects for part in ("--no-emit-package", _name(path))),
            *("--group", "pyproject.toml:dev", "--output-file", "requirements.lock"),
            *map(str, projects),
        ],
        check=True,
    )


def _name(project: Path) -> str:
    """Read the name of one of our packages."""
    line = next(line for line in project.read_text().splitlines() if line.startswith("name = "))
    return line.split('"')[1]


if __name__ == "__main__":
    main()
