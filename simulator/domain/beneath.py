"""What lies beneath a move: the four EFT layers of a reply, in words. Tables only (003 FAQ; EFT)."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.domain.affect import Affect
from simulator.domain.attachment import Attachment
from simulator.domain.strategy import Move

FEELING: Mapping[Move, str] = {
    Move.NAME_HURT: "hurt, saying it straight",
    Move.ASK_NEED: "hurt, knows what they need",
    Move.SOFTEN: "calmer, warmer",
    Move.ACCEPT_REPAIR: "relieved, still stung",
    Move.DISCLOSE: "open, close to the sore place",
    Move.APPRECIATE: "touched, easier",
    Move.SET_LIMIT: "angry, steady",
    Move.SOLVE_TOGETHER: "settled, ready to think",
    Move.PROTEST: "hurt, alarmed",
    Move.SEEK_REASSURANCE: "afraid of not mattering",
    Move.TEST: "wants to believe it, cannot yet",
    Move.SPIRAL: "flooded, everything at once",
    Move.CLING: "frightened of being left",
    Move.ACCUSE: "hurt, lashing out",
    Move.PLAY_DOWN: "keeping it small, closed",
    Move.DEFLECT: "uneasy, looking away",
    Move.INTELLECTUALISE: "cool, in the head",
    Move.GO_QUIET: "shut, saying little",
    Move.ASK_SPACE: "crowded, needs room",
    Move.LEAVE: "done, going",
    Move.GUARDED_THAW: "less on guard for a moment",
    Move.DOUBTFUL_THAW: "a little calmer, still wary",
}


@dataclass(frozen=True)
class Beneath:
    """One reply's layers, from what is done to what is needed."""

    behaviour: str
    secondary: str
    primary: str
    need: str


def beneath(move: Move, affect: Affect, attachment: Attachment) -> Beneath:
    """The layers under a move for this person in this state.

    >>> beneath(Move.PROTEST, Affect(0.8, 0.2, 0.3, 0.1), Attachment(6, 2)).need
    'to know that they matter and that you will stay'
    """
    anxious, avoidant = attachment.anxious, attachment.avoidant
    secondary = "calm" if affect.activation < 0.3 else "coolness" if avoidant > anxious else "anger, alarm"
    if max(anxious, avoidant) < 0.5:
        primary, need = "hurt", "to be heard and taken seriously"
    elif min(anxious, avoidant) >= 0.5:
        primary, need = "fear of you and fear of losing you", "closeness that asks for nothing"
    elif anxious > avoidant:
        primary, need = "fear of being left, hurt", "to know that they matter and that you will stay"
    else:
        primary, need = "shame, fear of not being enough", "to be left room and be wanted all the same"
    return Beneath(move.value.replace("_", " "), secondary, primary, need)
