"""A part that is made when it is first needed, once, however many threads ask for it at the same time."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Made = TypeVar("Made")


class once(Generic[Made]):  # noqa: N801 - reads as a decorator, like property
    """Keeps what a method makes under the method's name.

    One lock serves all parts of an object, so that parts may need each other in any order;
    `functools.cached_property` has none from Python 3.12 on.

    >>> class Kitchen:
    ...     @once
    ...     def tea(self) -> list[str]:
    ...         return ["leaves", "water"]
    >>> kitchen = Kitchen()
    >>> kitchen.tea is kitchen.tea
    True
    """

    def __init__(self, make: Callable[[Any], Made]) -> None:
        self._make, self._name = make, make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> "once[Made]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> Made: ...

    def __get__(self, instance: object | None, owner: type) -> "once[Made] | Made":
        if instance is None:
            return self
        kept = vars(instance)  # what is kept there is found before this is asked
        with kept.setdefault("_making", threading.RLock()):
            if self._name not in kept:
                kept[self._name] = self._make(instance)
            made: Made = kept[self._name]
            return made
