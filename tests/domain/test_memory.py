"""What stays with a persona: quoted from the records, and brought up at the right turn."""

from simulator.domain.affect import Affect
from simulator.domain.codebook import Code, Coding, Heard
from simulator.domain.dialogue import Turn
from simulator.domain.memory import LONGEST_QUOTE, Trace, remember, reminded, summary
from simulator.domain.strategy import Move

CALM = Affect(0.4, 0.5, 0.4, 0.2)
MISSED = "It is not a big deal."
OWNED = "I'm sorry, I left you there."


def turn(number, said, code, comfort, alarm, move="protest", line="x"):
    coding = Coding((Heard(code, 0.9, said),))
    return Turn(number, said, "Mm.", coding, CALM, CALM, comfort, alarm, move=move, line=line)


def talk():
    return [
        turn(1, MISSED, Code.MINIMIZE, 0.0, 0.8),
        turn(2, OWNED, Code.REPAIR, 0.7, 0.0),
        turn(3, "You sat there alone all evening.", Code.REFLECT, 0.9, 0.0, "disclose", "disclose-1"),
    ]


def test_the_words_that_weighed_most_are_kept_as_they_were_said():
    kept = remember("Six hours", CALM, talk())
    assert kept.quotes[Trace.HURT] == "It is not a big deal"
    assert kept.quotes[Trace.OWNED] == "I'm sorry, I left you there"
    assert kept.quotes[Trace.KEPT] == "You sat there alone all evening"
    assert kept.told == {"disclose-1"}
    said = {t.said for t in talk()}
    assert all(any(quote in one for one in said) for quote in kept.quotes.values())


def test_a_speech_is_not_remembered_word_for_word():
    long = " ".join(["never"] * (LONGEST_QUOTE + 1))
    assert remember("x", CALM, [turn(1, long, Code.BLAME, 0, 0.9)]).quotes == {}


def test_memories_add_up_and_the_latest_words_of_a_kind_stay():
    first = remember("Six hours", CALM, talk())
    then = remember("The photo", CALM, [turn(1, "Calm down.", Code.LABEL, 0, 0.9)], first)
    assert list(then.titles) == ["Six hours", "The photo"]
    assert then.quotes[Trace.HURT] == "Calm down"
    assert then.quotes[Trace.OWNED] == first.quotes[Trace.OWNED]
    assert then.told == first.told


def test_a_miss_an_apology_and_care_each_bring_back_their_own():
    kept = remember("Six hours", CALM, talk())
    heard = {code: Coding((Heard(code, 0.9, ""),)) for code in Code}
    assert reminded(kept, heard[Code.BLAME], Move.PROTEST) is Trace.HURT
    assert reminded(kept, heard[Code.REPAIR], Move.DOUBTFUL_THAW) is Trace.OWNED
    assert reminded(kept, heard[Code.STAY], Move.SOFTEN) is Trace.KEPT
    assert reminded(kept, heard[Code.STAY], Move.PROTEST) is None
    assert reminded(kept, heard[Code.TELL], Move.PROTEST) is None
    nothing = remember("Six hours", CALM, [])
    assert reminded(nothing, heard[Code.BLAME], Move.PROTEST) is None


def test_the_summary_says_what_happened():
    told = summary(remember("Six hours", CALM, talk()))
    assert "It is not a big deal" in told
    assert "Six hours" in told
