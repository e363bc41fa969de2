"""The prompts of the paper, as strings. The product renders the same ones."""

SYSTEM = (
    "Given an image, summarize the provided image in one word. "
    "Given only text, describe the text in one word."
)
QUERY_SUFFIX = "\nRepresent the given text in one word."

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def head(system: bool = True) -> str:
    """What comes before the text: the same for every row, so training computes it once per batch."""
    return (f"<|im_start|>system\n{SYSTEM}<|im_end|>\n" if system else "") + "<|im_start|>user\n"


def tail(suffix: bool) -> str:
    """What comes after the text; the answer follows it."""
    return (QUERY_SUFFIX if suffix else "") + "<|im_end|>\n<|im_start|>assistant\n"


def render(text: str, *, query: bool, system: bool = True) -> str:
    return head(system) + text + tail(query)
