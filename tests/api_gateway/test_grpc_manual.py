"""The examples of ``docs/grpc.md`` run as they stand, one after the other."""

import re
from pathlib import Path

from tests.api_gateway.whole_gateway import whole_gateway

MANUAL = Path(__file__).parents[2] / "docs" / "grpc.md"
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_examples_of_the_manual_run(database, nats, capsys):
    examples = EXAMPLE.findall(MANUAL.read_text(encoding="utf-8"))
    names: dict[str, object] = {}

    with whole_gateway(database, nats) as port:
        for example in examples:
            exec(compile(example.replace("127.0.0.1:50051", f"127.0.0.1:{port}"), str(MANUAL), "exec"), names)

    told = capsys.readouterr().out
    assert len(examples) > 8
    assert "{'said': 'Hello, Ada'}" in told
    assert "greet WORKFLOW_SUCCEEDED" in told
    assert "2 of 2" in told
