"""What common errors usually mean: by language, type and message. The words are in messages.yaml."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from plugins.error_explainer.traces import Trace

MAX_VALUE: Final = 60  # characters of a name from the message that are shown


class Cause(NamedTuple):
    """A known cause: the key of its text, and what the text names."""

    key: str
    values: dict[str, str]


class _Rule(NamedTuple):
    languages: frozenset[str]
    kind: re.Pattern[str]
    message: re.Pattern[str]
    key: str


_NAME: Final = r"['\"`]?(?P<name>[\w.@/\\:$?!-]{1,200}?)['\"`]?"


def _rules() -> Iterator[_Rule]:
    for languages, kind, message, key in _TABLE:
        yield _Rule(
            frozenset(languages.split()), re.compile(rf"(?:.*[.:\\])?(?:{kind})"), re.compile(message), key
        )


# Languages; the type without its namespace; what the message has; the text. The first that fits counts.
_TABLE: Final = (
    ("python", "ModuleNotFoundError", rf"No module named {_NAME}(?:;|$)", "python_module"),
    ("python", "ImportError", r"circular import", "python_circular"),
    ("python", "ImportError", rf"cannot import name {_NAME} from", "python_import_name"),
    ("python", "ImportError", r"lib\w+\.so|DLL load failed", "python_library"),
    ("python", "AttributeError", rf"'NoneType' object has no attribute {_NAME}$", "null_member"),
    ("python", "AttributeError", r"'coroutine' object", "python_await"),
    ("python", "AttributeError",
     rf"module '(?P<module>[\w.]+)' has no attribute {_NAME}", "python_module_attribute"),
    ("python", "AttributeError", rf"has no attribute {_NAME}", "no_member"),
    ("python", "TypeError",
     r"'NoneType' object is not (?:subscriptable|iterable|callable)", "python_none_used"),
    ("python", "TypeError", r"'coroutine' object|object \w+ can't be used in 'await'", "python_await"),
    ("python", "TypeError", r"(?:missing \d+ required|takes \d+ positional|unexpected keyword)", "arguments"),
    ("python", "TypeError",
     r"unsupported operand|can only concatenate|must be str, not", "python_mixed_types"),
    ("python", "KeyError", rf"^{_NAME}$", "missing_key"),
    ("python", "IndexError", r"", "index"),
    ("python", "UnboundLocalError", r"", "python_unbound"),
    ("python", "NameError", rf"name {_NAME} is not defined", "undefined_name"),
    ("python", "ValueError", r"invalid literal for int|could not convert string to float", "number_format"),
    ("python", "ValueError", r"(?:not enough|too many) values to unpack", "python_unpack"),
    ("python", "JSONDecodeError", r"", "json"),
    ("python", "FileNotFoundError|NotADirectoryError", r"", "file_missing"),
    ("python", "PermissionError", r"", "file_permission"),
    ("python", "ConnectionRefusedError|ConnectError|ClientConnectorError", r"", "refused"),
    ("python", "OSError", r"[Aa]ddress already in use", "port"),
    ("python", "UnicodeDecodeError|UnicodeEncodeError", r"", "python_encoding"),
    ("python", "RecursionError", r"", "recursion"),
    ("python", "ZeroDivisionError", r"", "zero"),
    ("python", "SyntaxError", r"", "syntax"),
    ("python", "IndentationError|TabError", r"", "python_indent"),
    ("python", "MemoryError", r"", "memory"),
    ("python", "LoginFailure", r"", "discord_token"),
    ("python", "PrivilegedIntentsRequired", r"", "discord_intents"),
    ("python", "Forbidden", r"", "discord_forbidden"),
    ("python", "OperationalError", r"no such table", "no_table"),
    ("python", "OperationalError", r"database is locked", "locked"),
    ("node", "TypeError",
     rf"Cannot read propert(?:y|ies) (?:of (?:undefined|null) \(reading )?{_NAME}[)'\s]", "null_member"),
    ("node", "TypeError",
     r"Cannot read propert|(?:undefined|null) (?:is not an object|has no properties)", "null_access"),
    ("node", "TypeError", rf"^(?:.*\W)?{_NAME} is not a function", "node_function"),
    ("node", "TypeError", rf"^{_NAME} is not iterable", "node_iterable"),
    ("node", "TypeError", r"Assignment to constant", "node_const"),
    ("node", "ReferenceError",
     r"require is not defined|module is not defined|exports is not defined", "node_esm"),
    ("node", "ReferenceError", rf"^{_NAME} is not defined", "undefined_name"),
    ("node", "Error", r"ERR_REQUIRE_ESM|require\(\) of ES Module", "node_esm"),
    ("node", "Error", rf"Cannot find (?:module|package) {_NAME}(?:\s|$)", "node_module"),
    ("node", "SyntaxError", r"JSON", "json"),
    ("node", "SyntaxError", r"import statement outside", "node_esm"),
    ("node", "SyntaxError", r"", "syntax"),
    ("node", "RangeError", r"Maximum call stack", "recursion"),
    ("node", "Error", r"EADDRINUSE", "port"),
    ("node", "Error|AggregateError", r"ECONNREFUSED", "refused"),
    ("node", "Error", r"ENOENT", "file_missing"),
    ("node", "Error", r"EACCES|EPERM", "file_permission"),
    ("node", "Error", r"TokenInvalid|invalid token", "discord_token"),
    ("node", "Error", r"disallowed intents", "discord_intents"),
    ("node", "DiscordAPIError", r"Missing (?:Permissions|Access)", "discord_forbidden"),
    ("java", "NullPointerException",
     rf"because (?:the return value of )?\"{_NAME}(?:\(.{{0,100}}\))?\" is null", "java_null"),
    ("java", "NullPointerException|KotlinNullPointerException", r"", "null_access"),
    ("java", "ClassNotFoundException|NoClassDefFoundError", rf"^{_NAME}$", "java_class"),
    ("java", "NoSuchMethodError|NoSuchFieldError|AbstractMethodError", r"", "java_versions"),
    ("java", "UnsupportedClassVersionError", r"", "java_runtime"),
    ("java", "(?:Array|String)?IndexOutOfBoundsException", r"", "index"),
    ("java", "ClassCastException", r"", "cast"),
    ("java", "NumberFormatException", r"", "number_format"),
    ("java", "ConcurrentModificationException", r"", "modified"),
    ("java", "StackOverflowError", r"", "recursion"),
    ("java", "OutOfMemoryError", r"", "memory"),
    ("java", "FileNotFoundException|NoSuchFileException", r"", "file_missing"),
    ("java", "ConnectException", r"", "refused"),
    ("java", "BindException", r"", "port"),
    ("java", "ArithmeticException", r"by zero", "zero"),
    ("java", "NoSuchElementException", r"", "empty"),
    ("csharp", "NullReferenceException", r"", "null_access"),
    ("csharp", "ArgumentNullException", r"", "null_argument"),
    ("csharp", "IndexOutOfRangeException|ArgumentOutOfRangeException", r"", "index"),
    ("csharp", "InvalidCastException", r"", "cast"),
    ("csharp", "KeyNotFoundException", r"", "missing_key_unnamed"),
    ("csharp", "FormatException", r"", "number_format"),
    ("csharp", "FileNotFoundException", r"Could not load file or assembly", "csharp_assembly"),
    ("csharp", "FileNotFoundException|DirectoryNotFoundException", r"", "file_missing"),
    ("csharp", "UnauthorizedAccessException", r"", "file_permission"),
    ("csharp", "ObjectDisposedException", r"", "csharp_disposed"),
    ("csharp", "InvalidOperationException", r"Sequence contains no", "empty"),
    ("csharp", "InvalidOperationException", r"Collection was modified", "modified"),
    ("csharp", "DivideByZeroException", r"", "zero"),
    ("csharp", "SocketException|HttpRequestException", r"refused", "refused"),
    ("csharp", "JsonException|JsonReaderException", r"", "json"),
    ("go", "panic", r"nil pointer dereference", "go_nil"),
    ("go", "panic", r"index out of range|slice bounds out of range", "index"),
    ("go", "panic", r"assignment to entry in nil map", "go_map"),
    ("go", "panic", r"all goroutines are asleep", "go_deadlock"),
    ("go", "panic", r"send on closed channel|close of closed channel", "go_closed"),
    ("go", "panic", r"concurrent map", "go_concurrent_map"),
    ("go", "panic", r"interface conversion", "cast"),
    ("go", "panic", r"integer divide by zero", "zero"),
    ("rust", "panic", r"`Option::(?:unwrap|expect)\(\)` on a `None`", "rust_none"),
    ("rust", "panic", r"`Result::(?:unwrap|expect)\(\)` on an `Err`", "rust_err"),
    ("rust", "panic", r"index out of bounds|out of range for slice", "index"),
    ("rust", "panic", r"attempt to \w+ with overflow", "rust_overflow"),
    ("rust", "panic", r"divide by zero", "zero"),
    ("rust", "panic", r"already (?:mutably )?borrowed", "rust_borrowed"),
    ("php", "Error", r"on null", "null_access"),
    ("php", "Error", rf"Call to undefined function {_NAME}\(", "php_function"),
    ("php", "Error", rf"Call to undefined method {_NAME}\(", "no_member"),
    ("php", "Error", rf"Class {_NAME} not found", "php_class"),
    ("php", "ArgumentCountError", r"", "arguments"),
    ("php", "DivisionByZeroError", r"", "zero"),
    ("php", "PDOException|mysqli_sql_exception", r"Access denied", "database_login"),
    ("php", "PDOException|mysqli_sql_exception", r"refused|No such file", "refused"),
    ("ruby", "NoMethodError", rf"undefined method {_NAME} for nil", "null_member"),
    ("ruby", "NoMethodError", rf"undefined method {_NAME} for", "no_member"),
    ("ruby", "NameError", rf"uninitialized constant {_NAME}$", "ruby_constant"),
    ("ruby", "NameError", rf"undefined local variable or method {_NAME}(?:\s|$)", "undefined_name"),
    ("ruby", "LoadError", rf"cannot load such file -- {_NAME}$", "ruby_load"),
    ("ruby", "ArgumentError", r"wrong number of arguments|missing keyword", "arguments"),
    ("ruby", "KeyError", r"", "missing_key_unnamed"),
    ("ruby", "ZeroDivisionError", r"", "zero"),
    ("ruby", "ENOENT", r"", "file_missing"),
    ("ruby", "EACCES", r"", "file_permission"),
    ("ruby", "EADDRINUSE", r"", "port"),
    ("ruby", "ECONNREFUSED", r"", "refused"),
    ("ruby", "FrozenError", r"", "ruby_frozen"),
    ("ruby", "SystemStackError", r"", "recursion"),
    ("ruby", "ParserError", r"", "json"),
)  # fmt: skip
_RULES: Final = tuple(_rules())
KEYS: Final = frozenset(rule.key for rule in _RULES)


def cause_of(trace: Trace) -> Cause | None:
    """Return what usually causes such an error, None where nothing useful is known."""
    for rule in _RULES:
        if trace.language not in rule.languages or not rule.kind.fullmatch(trace.kind):
            continue
        found = rule.message.search(trace.message)
        if found:
            values = {key: _shown(each) for key, each in found.groupdict().items() if each}
            return Cause(rule.key, values)
    return None


def _shown(value: str) -> str:
    """Return a name from a message as it may stand in `code`: what members wrote is never markup."""
    return value.replace("`", "'")[:MAX_VALUE]
