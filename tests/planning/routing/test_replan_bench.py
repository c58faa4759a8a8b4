"""The measuring of planning again: every kind of event, true answers, figures one can trust."""

import json

from restante.bench.replan import ANSWER_S_MAX, measure_replan
from restante.cli.bench_replan import bench_replan


def test_every_event_is_answered_truly_and_timed():
    told: list[str] = []
    report = measure_replan(
        parcels=80, seed=1, seconds=0.2, iterations=600, tell=lambda _, says: told.append(says)
    )
    assert [row.event.partition(":")[0] for row in report.rows] == [
        "closed", "filled", "courier 40 minutes late", "redirected", "pickup added",
        "van broken, another comes",
    ]  # fmt: skip
    assert told == ["the morning", *(row.event for row in report.rows)]
    assert all(row.is_true for row in report.rows)
    assert all(row.model_ms > 0 and row.first_ms > 0 for row in report.rows)
    assert sum(row.stops_changed for row in report.rows) > 0
    slow = report._replace(rows=(report.rows[0]._replace(answer_s=ANSWER_S_MAX + 0.1),))
    assert not slow.is_kept
    assert slow.text().endswith("NOT kept")


def test_the_command_prints_one_object(capsys):
    bench_replan(parcels=60, seed=1, seconds=0.1, iterations=200, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["parcels"], len(told["rows"])) == (60, 6)
    assert isinstance(told["is_kept"], bool)
