"""The text of a `.env` file: what its lines mean, and that nothing of a value is ever told."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videod.core.dotenv import DotenvError, parse


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=abc", "abc"), ("  export KEY = abc  ", "abc"), ("KEY=abc # why", "abc"), ("KEY=a#b", "a#b"),
        ("KEY='a # b'", "a # b"), ("KEY='a\\nb' # x", "a\\nb"), ('KEY="a # \\"b\\"" # c', 'a # "b"'), ("KEY=", ""),
        ('KEY="a\\\\n"', "a\\n"), ("KEY=a=b==", "a=b=="), ("KEY=$plain", "$plain"), ("KEY='${NOT}'", "${NOT}"),
        ("KEY=#nothing", ""), ("KEY=''", ""), ("\ufeffKEY=abc", "abc"), ("KEY=one\nKEY=two", "two"),
        ("# note\r\n\r\nKEY=abc\r\n", "abc"),
    ],
)  # fmt: skip
def test_a_line_means_what_other_readers_of_such_files_take_it_for(line: str, value: str) -> None:
    assert parse(line) == {"KEY": value}


@pytest.mark.parametrize(
    "line", ["KEY", "=abc", "1KEY=abc", "KEY='secret-abc", 'KEY="secret-abc', "KEY='a' secret-abc",
             "KEY=${OTHER}secret", 'KEY="${OTHER}"', "KEY-X=secret-abc"],
)  # fmt: skip
def test_what_cannot_be_read_is_named_by_its_line_and_shows_nothing_of_it(line: str) -> None:
    with pytest.raises(DotenvError, match="line 2 ") as problem:
        parse(f"# one\n{line}")
    assert "secret" not in str(problem.value)


@given(st.text(max_size=200))
def test_every_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(DotenvError):
        assert all(name.isascii() and name for name in parse(text))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="'"), min_size=1))
def test_a_key_in_single_quotes_comes_back_as_it_is(key: str) -> None:
    assert parse(f"KEY='{key}'") == {"KEY": key}
