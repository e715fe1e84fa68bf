"""Asking services for their own balance, and how an order of ours stands: what decides whether a purchase was made.

What is asked, and how the answer is read, stands in the file of each service (`core.service.Balance`).
"""

from collections.abc import Callable, Mapping

from videod.adapters.questions import TROUBLE, Questions, TooLong
from videod.core.service import Json, Question, Remote, Unreadable
from videod.core.services import BALANCES
from videod.ports import NoAnswer


class ServiceBalances:
    """See ports.BalanceClient, and Questions for what it is made of."""

    services = tuple(BALANCES)

    def __init__(self, urls: Mapping[str, str], secret: Callable[[str], str | None]) -> None:
        self._questions = Questions(urls, secret)

    async def used(self, service: str) -> int:
        """See ports.BalanceClient. Raises NoAnswer."""
        balance = BALANCES[service]
        answer = await self._answer(balance.question)
        try:
            return balance.used(answer)
        except Unreadable as error:
            raise NoAnswer(str(error)) from error

    async def left(self, service: str) -> int | None:
        """What is left of the account, thousandths of a credit; None: the service does not say. Raises NoAnswer."""
        balance = BALANCES.get(service)
        if balance is None or balance.left is None:
            return None
        answer = await self._answer(balance.question)
        try:
            return balance.left(answer)
        except Unreadable as error:
            raise NoAnswer(str(error)) from error

    async def remote(self, service: str, reference: str) -> Remote:
        """See ports.BalanceClient. Raises NoAnswer."""
        orders = BALANCES[service].orders
        if orders is None:
            raise NoAnswer(f"{service} names no orders")
        answer = await self._answer(orders.question, reference)
        try:
            return orders.read(answer)
        except Unreadable as error:
            raise NoAnswer(str(error)) from error

    async def _answer(self, question: Question, reference: str = "") -> Json:
        try:
            status, answer = await self._questions.ask(question, reference)
        except TooLong as error:
            raise NoAnswer(str(error)) from error
        except (*TROUBLE, ValueError) as error:
            raise NoAnswer(f"{type(error).__name__}") from error
        if status != 200 or not isinstance(answer, dict):
            raise NoAnswer(f"HTTP {status}")
        return answer
