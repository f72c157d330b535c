"""The parts of the script, as text: reading files, reading rows, encoding, laying together."""

READ_LINES = '''\
def read(file):
    """Give the objects of a file, one a line."""
    with open(file, encoding=ENCODINGS[file]) as source:
        return [json.loads(line) for line in source if line.strip()]
'''

READ_JSON = '''\
def read(file):
    """Give the objects of a file's list."""
    with open(file, encoding=ENCODINGS[file]) as source:
        whole = json.load(source)
    if isinstance(whole, list):
        return whole
    return next(value for value in whole.values() if isinstance(value, list))
'''

READ_TABLE = '''\
def read(file):
    """Give the rows of a table with a head line."""
    csv.field_size_limit(1 << 30)
    with open(file, encoding=ENCODINGS[file], newline="") as source:
        lines = [line for line in source]
    start = next(number for number, line in enumerate(lines) if line.strip())
    separator = "\\t" if file.endswith(".tsv") else max(",;\\t|", key=lines[start].count)
    return list(csv.DictReader(lines[start:], delimiter=separator))
'''

READ_PARQUET = '''\
def read(file):
    """Give the rows of a Parquet file."""
    return pyarrow.parquet.read_table(file).to_pylist()
'''

READ_TEXT = '''\
def read(file):
    """Give the paragraphs of a text file, which empty lines part."""
    paragraphs, lines = [], []
    with open(file, encoding=ENCODINGS[file]) as source:
        for line in [*source, ""]:
            if line.strip():
                lines.append(line.rstrip("\\r\\n"))
            elif lines:
                paragraphs.append({"text": "\\n".join(lines)})
                lines = []
    return paragraphs
'''

READ_ANY = '''\
def read(file):
    """Give the rows of a file by its kind."""
    return READERS[file](file)
'''

ROW_MESSAGES = '''\
ROLES = {
    "human": "user", "user": "user", "prompter": "user", "system": "system", "developer": "system",
    "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "bot": "assistant",
    "model": "assistant",
}


def text_of(value):
    """Join what a turn says when it comes in parts."""
    if isinstance(value, str):
        return value
    return "".join(part.get("text", part.get("value")) for part in value)


def row_of(raw):
    """Return a row's conversation."""
    columns = ("messages", "conversations", "conversation", "chat")
    turns = next(raw[name] for name in columns if name in raw)
    found = [
        {
            "role": ROLES[str(turn.get("role", turn.get("from")))],
            "content": text_of(turn.get("content", turn.get("value"))),
        }
        for turn in turns
    ]
    if len({turn["role"] == "assistant" for turn in found}) < 2:
        raise ValueError("a conversation needs a question and an answer")
    system = raw.get("system")
    if isinstance(system, str) and system.strip() and found[0]["role"] != "system":
        found.insert(0, {"role": "system", "content": system})
    return found
'''

ROW_PAIRS = '''\
def text_of(raw, column):
    """Return a column's text; numbers are texts too."""
    if isinstance(raw[column], bool) or not isinstance(raw[column], (str, int, float)):
        raise TypeError(f"{column} holds no text")
    return str(raw[column])


def row_of(raw):
    """Return question and answer of a row as a conversation."""
    question, answer = text_of(raw, PROMPT), text_of(raw, ANSWER)
    extra, system = raw.get(EXTRA), raw.get(SYSTEM)
    if isinstance(extra, str) and extra.strip():
        question = f"{question}\\n\\n{extra}"
    if not answer.strip():
        raise ValueError("the answer is empty")
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    if isinstance(system, str) and system.strip():
        turns.insert(0, {"role": "system", "content": system})
    return turns
'''

ROW_TEXT = '''\
def row_of(raw):
    """Return a row's text."""
    if not str(raw["text"]).strip():
        raise ValueError("the text is empty")
    return str(raw["text"])
'''

ROW_LABELLED = '''\
def row_of(raw):
    """Return a row's text and its label."""
    if raw[LABEL] is None or not str(raw[LABEL]).strip():
        raise ValueError("the row has no label")
    if isinstance(raw[TEXT], bool) or not isinstance(raw[TEXT], (str, int, float)):
        raise TypeError("the row has no text")
    return str(raw[TEXT]), str(raw[LABEL])
'''

LOAD_ROWS = '''\
def load(files):
    """Read the rows of all files; those that do not fit are left out."""
    rows = []
    for raw in (raw for file in files for raw in read(file)):
        try:
            rows.append(row_of(raw))
        except (AttributeError, KeyError, StopIteration, TypeError, ValueError):
            continue
    return rows
'''

ENCODE_TEMPLATE = '''\
def template(turns, **more):
    """Return a conversation as the model's own chat template writes it."""
    return tokenizer.apply_chat_template(turns, tokenize=False, **more)


def span(turns, index, text):
    """Return where an answer stands in the text: from the prompt before it to its stop token."""
    before = template(turns[:index], add_generation_prompt=True) if index else ""
    upto = template(turns[: index + 1]).rstrip()
    found = before and text.startswith(before) and text.startswith(upto) and len(upto) > len(before)
    return (len(before), len(upto)) if found else None


def render(turns):
    """Return a conversation as text, and where its answers stand in it."""
    places = [index for index, turn in enumerate(turns) if turn["role"] == "assistant"]
    text = template(turns)
    spans = [span(turns, index, text) for index in places]
    if not all(spans):  # the template rewrites earlier turns: only the last answer is trained
        turns = turns[: places[-1] + 1]
        text = template(turns)
        spans = [span(turns, len(turns) - 1, text)]
    start, end = spans[-1]
    stops = [*tokenizer.all_special_tokens, *map(str, tokenizer.added_tokens_encoder)]
    if tokenizer.eos_token and not text[start:end].endswith(tuple(filter(None, stops))):
        text = text[:end] + tokenizer.eos_token
        spans[-1] = (start, len(text))
    return text, spans
'''

ENCODE_PLAIN = '''\
def render(turns):
    """Return question and answer as text, and where the answer stands: there is no template."""
    *before, answer = turns
    roles = [turn["role"] for turn in turns]
    if roles[-1] != "assistant" or roles.count("assistant") > 1 or not before:
        raise ValueError("a conversation needs a chat template")
    begins = tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    head = (tokenizer.bos_token or "") if begins else ""
    head += "\\n\\n".join(turn["content"] for turn in before) + "\\n\\n"
    text = head + answer["content"] + (tokenizer.eos_token or "")
    return text, [(len(head), len(text))]
'''

ENCODE_CHAT = '''\
def encode(turns):
    """Return the tokens of a conversation; those outside an answer are read but not trained."""
    text, spans = render(turns)
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = found["input_ids"]
    inside = [
        start < end and any(first <= start < last for first, last in spans)
        for start, end in found["offset_mapping"]
    ]
    labels = [token if TRAIN_ON_ALL or yes else -100 for token, yes in zip(ids, inside)]
    if all(label == -100 for label in labels[1:MAX_LENGTH]):
        raise ValueError("nothing is left to train on")
    return [{"input_ids": ids[:MAX_LENGTH], "labels": labels[:MAX_LENGTH]}]
'''

ENCODE_TEXT = '''\
def encode(text):
    """Return the tokens of a text, in pieces that are not too long."""
    ids = list(tokenizer(text)["input_ids"])
    if tokenizer.eos_token_id is not None and ids[-1:] != [tokenizer.eos_token_id]:
        ids.append(tokenizer.eos_token_id)
    parts = [ids[start : start + MAX_LENGTH] for start in range(0, len(ids), MAX_LENGTH)]
    return [{"input_ids": part, "labels": list(part)} for part in parts if len(part) > 1]
'''

ENCODE_LABEL = '''\
def encode(row):
    """Return the tokens of a text and the number of its label."""
    ids = tokenizer(row[0], truncation=True, max_length=MAX_LENGTH)["input_ids"]
    return [{"input_ids": ids, "labels": LABELS.index(row[1])}]
'''

EXAMPLES = '''\
def examples(rows):
    """Encode all rows; those of which nothing could be trained are left out."""
    found = []
    for row in rows:
        try:
            found += encode(row)
        except (jinja2.TemplateError, TypeError, ValueError):
            continue
    return found
'''

NEW_LAYERS = '''\
def as_weights(layer, args):
    """Bring what comes in to the number format of the layer's weights."""
    return tuple(one.float() if one.is_floating_point() else one for one in args)


def new_layers(model, told):
    """Name what begins at random, and keep it in float32: 16-bit rounds small steps away."""
    changed = {key[0] if isinstance(key, tuple) else key for key in told["mismatched_keys"]}
    heads = [name for name in ("classifier", "score") if hasattr(model, name)]
    inside = tuple(name + "." for name in heads)
    drawn = {*told["missing_keys"], *changed}
    others = {name.rpartition(".")[0] for name in drawn if not name.startswith(inside)}
    names = heads + sorted(others - {""})
    for name in names:
        layer = model.get_submodule(name)
        if all(weight.is_floating_point() for weight in layer.parameters()):
            layer.float().register_forward_pre_hook(as_weights)
    return names
'''
