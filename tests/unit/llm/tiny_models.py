"""Real models of a few hundred weights, made here, so that nothing has to be fetched."""

from importlib import import_module
from pathlib import Path
from typing import Any

PAD, UNKNOWN, END, SYSTEM, USER, ASSISTANT = (
    "<pad>",
    "<unk>",
    "<|end|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
)
CONTROL = (PAD, UNKNOWN, END, SYSTEM, USER, ASSISTANT)
WORDS = ("hello", "there", "my", "friend", "a", "b", "c", "the", "build", "is", "green", "red", ".", "?",
         "<", "|", ">", "|>", "end", "<|", "system", "user", "assistant", ":")  # fmt: skip
ANSWER = ("hello", "there", "my", "friend")  # what the writer says, whatever it is asked
LABELS = ("calm", "angry", "glad")
CONTEXT = 64
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|> {{ message.content }} <|end|> {% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
STRICT = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE


def tokenizer_of_words() -> Any:
    tokenizers: Any = import_module("tokenizers")
    vocabulary = {name: index for index, name in enumerate((*CONTROL, *WORDS))}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return tokenizer


def save_tokenizer(folder: Path, *, template: str | None = None, ends: bool = False) -> None:
    transformers: Any = import_module("transformers")
    tokenizer = tokenizer_of_words()
    if ends:  # as T5 does
        processors: Any = import_module("tokenizers").processors
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"$A {END}", special_tokens=[(END, CONTROL.index(END))]
        )
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        additional_special_tokens=[SYSTEM, USER, ASSISTANT],
    )
    if template:
        wrapped.chat_template = template
    wrapped.save_pretrained(folder)


def write_writer(
    folder: Path, *, template: str | None = TEMPLATE, endless: bool = False, context: int = CONTEXT
) -> Path:
    """Make a Llama whose next word follows from the last alone: each is the next of `ANSWER`."""
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")
    names = [*CONTROL, *WORDS]
    size = 32
    torch.manual_seed(7)
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(names),
            hidden_size=size,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=context,
            tie_word_embeddings=False,
            pad_token_id=names.index(PAD),
            bos_token_id=None,
            eos_token_id=names.index(END),
        )
    )
    follows = dict(zip((ASSISTANT, *ANSWER), (*ANSWER, ANSWER[0] if endless else END), strict=True))
    with torch.no_grad():
        for layer in model.model.layers:  # they add nothing to what the word itself says
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(size)[: len(names)])
        model.lm_head.weight.zero_()
        for at, name in enumerate(names):
            # Another last word, such as ":" without a template, begins the answer too.
            model.lm_head.weight[names.index(follows.get(name, ANSWER[0])), at] = 1
    model.save_pretrained(folder)
    save_tokenizer(folder, template=template)
    return folder


def write_summarizer(folder: Path) -> Path:
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")
    torch.manual_seed(11)
    config = transformers.T5Config(
        vocab_size=len(CONTROL) + len(WORDS),
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=2,
        num_heads=2,
        pad_token_id=0,
        eos_token_id=CONTROL.index(END),
        decoder_start_token_id=0,
        n_positions=12,
        initializer_factor=4.0,
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    save_tokenizer(folder, ends=True)
    return folder


def write_labeller(folder: Path, *, several: bool = False) -> Path:
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")
    torch.manual_seed(13)
    config = transformers.BertConfig(
        vocab_size=len(CONTROL) + len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=CONTEXT,
        pad_token_id=0,
        initializer_range=0.5,
        id2label=dict(enumerate(LABELS)),
        label2id={name: index for index, name in enumerate(LABELS)},
        problem_type="multi_label_classification" if several else "single_label_classification",
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    save_tokenizer(folder)
    return folder
