"""The only door to a chat model: any OpenAI-compatible server, through the OpenAI SDK.

Adds what the SDK leaves out: a total deadline, and retries of a stream that was cut, of malformed
JSON, and of answers without choices. Speakers become chat roles here and nowhere else.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, TypeVar, cast

from simulator.errors import ModelError
from simulator.settings import Endpoint

if TYPE_CHECKING:
    import openai
    from pydantic import BaseModel

Model = TypeVar("Model", bound="BaseModel")
STRUCTURED_TOKENS = 4000
"""Room for a check of every code, each with its quote."""
ATTEMPTS = 3


class Message(TypedDict):
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Sampling:
    """How words are drawn."""

    temperature: float = 0.4
    top_p: float = 0.95
    max_tokens: int = 60
    seed: int = 0
    stop: Sequence[str] = ()


class ChatModel(Protocol):
    """What the rest of the product knows of a model."""

    @property
    def name(self) -> str:
        """The model's name, kept with every turn."""

    @property
    def capable(self) -> bool:
        """Whether it may speak freely and fill structured answers; the embedded one may not."""

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """Yield the reply as it comes.

        Raises: ModelError when it cannot be had or breaks off.
        """

    def structured(self, messages: Sequence[Message], schema: type[Model]) -> Model:
        """An answer that fits `schema`.

        Raises: ModelError when none comes after retries.
        """


class CutError(ModelError):
    """A reply broke off after some of it had come."""


class OpenAIChat:
    """A model behind an OpenAI-compatible endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        capable: bool = True,
        timeout_s: float = 120.0,
        http_client: Any = None,
        label: str = "",
    ) -> None:
        self.capable = capable
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._http_client = http_client
        self._label = label or f"endpoint {endpoint.host}"
        self._opened: openai.OpenAI | None = None

    @property
    def name(self) -> str:
        """The model asked for."""
        return self._endpoint.model

    @property
    def _client(self) -> "openai.OpenAI":
        if self._opened is None:
            import openai

            self._opened = openai.OpenAI(
                base_url=self._endpoint.base_url,
                api_key=self._endpoint.api_key or "none",
                timeout=openai.Timeout(self._timeout_s, connect=10.0),
                max_retries=2,
                http_client=self._http_client,
            )
        return self._opened

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """Yield the reply; a stream cut before its first word is asked for again."""
        for attempt in range(ATTEMPTS):
            try:
                yield from self._once(messages, sampling)
            except CutError:
                raise
            except ModelError:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                return

    def _once(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        import openai

        deadline = time.monotonic() + self._timeout_s
        started, finished = False, None
        try:
            with self._client.chat.completions.create(
                model=self.name,
                messages=cast("Any", messages),
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_tokens,
                seed=sampling.seed,
                stop=list(sampling.stop) or None,
                stream=True,
            ) as chunks:
                for chunk in chunks:
                    if time.monotonic() > deadline:
                        raise self._broken(f"no end after {self._timeout_s:.0f} s", started)
                    if not chunk.choices:
                        continue
                    choice = chunk.choices[0]
                    finished = choice.finish_reason or finished
                    if choice.delta.content:
                        started = True
                        yield choice.delta.content
        except (openai.OpenAIError, json.JSONDecodeError, AttributeError, TypeError) as error:
            raise self._explained(error, started) from error
        if finished is None or (not started and finished != "stop"):
            raise self._broken("the reply broke off", started)
        if not started:
            raise self._broken("the reply was empty", started)

    def structured(self, messages: Sequence[Message], schema: type[Model]) -> Model:
        """Ask for JSON by schema; malformed or truncated answers are asked for again."""
        import openai
        from pydantic import ValidationError

        reason = ""
        for _ in range(ATTEMPTS):
            try:
                answer = self._client.chat.completions.create(
                    model=self.name,
                    messages=cast("Any", messages),
                    temperature=0.0,
                    max_tokens=STRUCTURED_TOKENS,
                    response_format=cast("Any", _format(schema)),
                )
            except json.JSONDecodeError as error:
                reason = f"malformed JSON ({error.msg})"
                continue
            except openai.OpenAIError as error:
                raise self._explained(error, started=False) from error
            if not getattr(answer, "choices", None):  # the SDK passes HTML on as a bare string
                raise self._broken("answered with something that is no chat completion", started=False)
            try:
                return schema.model_validate_json(answer.choices[0].message.content or "")
            except ValidationError as error:
                reason = f"answer does not fit the schema ({error.error_count()} faults)"
        raise self._broken(reason, started=False)

    def _broken(self, what: str, started: bool) -> ModelError:
        kind = CutError if started else ModelError
        return kind(f"{self._label}: {what}; try again, or check --base-url and --model.")

    def _explained(self, error: Exception, started: bool) -> ModelError:
        """One line for each way a call fails (docs/decisions/003-model-door.md)."""
        import openai

        kind = CutError if started else ModelError
        match error:
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                what = "refused the key; set SIMULATOR_API_KEY (or --api-key)"
            case openai.NotFoundError():
                what = f"knows no model {self.name} at this address; check --base-url and --model"
            case openai.APITimeoutError():
                what = f"no answer in {self._timeout_s:.0f} s; try again, or set SIMULATOR_TIMEOUT"
            case openai.APIConnectionError():
                what = "cannot be reached; is it running? check --base-url"
            case openai.RateLimitError():
                what = "too many requests or no credit left; wait and try again"
            case openai.BadRequestError() if "context" in str(error).lower():
                what = "the talk is longer than the model's context; set SIMULATOR_CONTEXT higher"
            case openai.APIStatusError():
                what = f"answered with HTTP {error.status_code}; see the server's log"
            case _:
                what = "did not answer as a chat model does; check --base-url (it often ends in /v1)"
        return kind(f"{self._label}: {what}.")


def _format(schema: type["BaseModel"]) -> dict[str, Any]:
    """The schema as the wire format wants it."""
    described = {"name": schema.__name__, "schema": schema.model_json_schema(), "strict": True}
    return {"type": "json_schema", "json_schema": described}
