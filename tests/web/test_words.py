"""Nothing that happens is shown to an operator under its technical name."""

from restante.core.streams import KINDS
from restante.journal.port import UnknownFact
from restante.web.assets import STATIC_ROOT
from restante.web.words import FACTS, MATTERS, STEPS


def test_every_fact_has_a_name_for_people() -> None:
    tags = {
        str(fact.__struct_config__.tag)
        for kind in KINDS.values()
        for fact in kind.fact_types
        if fact is not UnknownFact
    }
    assert len(tags) > 60
    assert tags == set(FACTS), "name it in web/words.py"


def test_every_mark_is_one_there_is() -> None:
    sprite = next(STATIC_ROOT.rglob("icons.svg")).read_text(encoding="utf-8")
    for look in (*FACTS.values(), *MATTERS.values()):
        assert f'id="{look.icon}"' in sprite, look


def test_every_step_belongs_to_a_matter() -> None:
    assert set(STEPS) <= set(MATTERS)
