"""The prompts of the paper, as strings. The product renders the same ones."""

SYSTEM = (
    "Given an image, summarize the provided image in one word. "
    "Given only text, describe the text in one word."
)
TEXT_SUFFIX = "\nRepresent the given text in one word."
IMAGE_SUFFIX = "\nRepresent the given text/image in one word."
IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<|vision_start|><|image_pad|><|vision_end|>' }}"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}"
    "{{ '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def head(system: bool = True) -> str:
    """What comes before the text: the same for every row, so training computes it once per batch."""
    return (f"<|im_start|>system\n{SYSTEM}<|im_end|>\n" if system else "") + "<|im_start|>user\n"


def tail(suffix: bool, image: bool = False) -> str:
    """What comes after the text; the answer follows it."""
    return ((IMAGE_SUFFIX if image else TEXT_SUFFIX) if suffix else "") + "<|im_end|>\n<|im_start|>assistant\n"


def render(text: str, *, query: bool, system: bool = True, image: bool = False) -> str:
    """`text` holds IMAGE where the image stands, if `image`."""
    return head(system) + text + tail(query, image)
