"""Stack traces as members post them."""

PYTHON = """it fails, help!
```py
Traceback (most recent call last):
  File "/home/bob/app/main.py", line 12, in start
    load()
  File "/home/bob/.venv/lib/python3.11/site-packages/loader/api.py", line 59, in load
    import flask
ModuleNotFoundError: No module named 'flask'
```"""
NODE = """TypeError: Cannot read properties of undefined (reading 'name')
    at greet (/home/ann/bot/index.js:31:9)
    at Module._compile (node:internal/modules/cjs/loader:1256:14)"""
NODE_MODULE = """node:internal/modules/cjs/loader:1080
  throw err;
  ^

Error: Cannot find module 'express'
Require stack:
- /app/server.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1077:15)
    at Object.<anonymous> (/app/server.js:1:17) {
  code: 'MODULE_NOT_FOUND',
}"""
JAVA = """Exception in thread "main" java.lang.RuntimeException: boom
	at com.acme.App.main(App.java:5)
Caused by: java.lang.NullPointerException: Cannot invoke "String.length()" because "name" is null
	at java.base/java.lang.String.join(String.java:100)
	at com.acme.Names.load(Names.kt:42)
	... 2 more"""
CSHARP = """Unhandled exception. System.NullReferenceException: Object reference not set to an instance.
   at MyApp.Program.Load(String path) in C:\\Users\\Bob Smith\\src\\Program.cs:line 12
   at MyApp.Program.Main(String[] args) in C:\\Users\\Bob Smith\\src\\Program.cs:line 5"""
GO = """panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.(*Store).Get(...)
	/Users/al/x/store.go:9
main.main()
	/Users/al/x/main.go:14 +0x1d
exit status 2"""
RUST = """thread 'main' panicked at src/main.rs:4:37:
called `Option::unwrap()` on a `None` value
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"""
RUST_OLD = "thread 'main' panicked at 'attempt to subtract with overflow', src/count.rs:7:5"
PHP = """PHP Fatal error:  Uncaught Error: Call to a member function name() on null in /var/www/shop.php:12
Stack trace:
#0 /var/www/shop/vendor/run.php(3): main()
#1 {main}
  thrown in /var/www/shop.php on line 12"""
RUBY = """app.rb:3:in `load': undefined method `name' for nil:NilClass (NoMethodError)
	from /usr/lib/ruby/gems/3.2.0/gems/rack/x.rb:7:in `call'"""
UNKNOWN = """Traceback (most recent call last):
  File "odd.py", line 1, in <module>
    odd()
odd.VeryOddError: nobody knows this one"""

NO_TRACES = {
    "empty": "",
    "question": "how do I read a stack trace?",
    "one line of an error": "I get TypeError: Cannot read properties of undefined (reading 'name')",
    "type alone": "ModuleNotFoundError: No module named 'flask'",
    "log line": "2026-03-01 12:00:00,123 ERROR app.web: request failed with status 500 at /login (3:12)",
    "log lines": "[12:00:01] [Server thread/ERROR]: Could not load plugin\n[12:00:02] [main/WARN]: slow tick",
    "python code": "```py\ntry:\n    run()\nexcept ValueError as error:\n    print(error)\n```",
    "js code": "```js\nthrow new TypeError('no name');\n// at greet (index.js:3:1)\n```",
    "java code": '```java\nthrow new IllegalStateException("at com.acme.App.main(App.java:5)");\n```',
    "the head alone": "Traceback (most recent call last):\nand then nothing",
    "a frame alone": '  File "main.py", line 3, in run',
    "frames alone": "    at greet (/app/index.js:31:9)\n    at run (/app/index.js:40:2)",
    "java frames alone": "\tat com.acme.App.main(App.java:5)\n\tat com.acme.App.run(App.java:9)",
    "people meeting": "Meeting\n    at the office (room 3:12)",
    "people meeting on time": "Failure: nobody came\n    at Bob (home)",
    "panic": "panic: I forgot my homework",
    "go panic without a place": "panic: oh no\ngoroutine 1 [running]:",
    "rust message": "thread 'main' panicked, what now?",
    "php warning": "PHP Warning: Undefined variable $x in /var/www/index.php on line 3",
    "ruby code": "app.rb:3: syntax looks fine to me (NoMethodError)",
    "quoted by somebody else": "\n".join(f"> {line}" for line in PYTHON.splitlines()) + "\nsame here",
    "diff": "--- a/main.py\n+++ b/main.py\n@@ -1 +1 @@\n-raise KeyError\n+raise ValueError: x",
    "yaml": "Error:\n  at: 12:30\n  file: main.js:3:1",
    "compiler": "src/main.rs:4:5: error: expected `;`",
    "test result": "FAILED tests/test_x.py::test_y - AssertionError: assert 1 == 2",
    "address": "see https://example.org/a.js:3:1 at line 4",
}  # fmt: skip
