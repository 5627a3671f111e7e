"""Reading policy files: names of rules and their texts, each with its line, so that faults can be found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from mistral_api_gateway.access.policy_grammar import PolicyFault

_LARGEST: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule as it stands in a file: its text, or the old form of lists, and its line, counted from 1."""

    text: Any
    line: int


def entries_of(path: Path) -> dict[str, Entry]:
    """Return what a file of YAML or JSON says, by the names of the rules.

    Raises:
        PolicyFault: If it cannot be read, or is no mapping of names to rules.
    """
    try:
        data = path.read_bytes()
        if len(data) > _LARGEST:
            raise PolicyFault(f"{path}: a policy file has at most {_LARGEST} bytes")
        # JSON may be indented by tabs, which YAML refuses; between its values they mean nothing.
        document = yaml.compose(data.decode().replace("\t", " "), Loader=yaml.SafeLoader)
    except OSError as error:
        raise PolicyFault(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise PolicyFault(f"{path} is not UTF-8: byte {error.start} cannot be read") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark is not None else ""
        raise PolicyFault(f"{path}{place}: {getattr(error, 'problem', None) or 'no YAML'}") from None
    if document is None:
        return {}
    if not isinstance(document, yaml.MappingNode):
        raise PolicyFault(f"{path}: rules are expected as 'name: text', one per line")
    return _entries(path, document)


def _entries(path: Path, document: yaml.MappingNode) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for key, value in document.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise PolicyFault(f"{path}, line {line}: the name of a rule is a text")
        if key.value in found:
            raise PolicyFault(f"{path}, line {line}: the rule {key.value!r} stands there twice")
        found[key.value] = Entry(_plain(path, value), line)
    return found


def _plain(path: Path, node: yaml.Node) -> Any:
    match node:
        case yaml.ScalarNode():
            return None if node.tag.endswith(":null") else node.value
        case yaml.SequenceNode():
            return [_plain(path, each) for each in node.value]
        case _:
            raise PolicyFault(f"{path}, line {node.start_mark.line + 1}: a rule is a text such as 'role:admin'")
