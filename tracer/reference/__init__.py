"""The reference engine: ``python -m rpz.tracer.reference OUTPUT -- COMMAND [ARG...]``.

It does in slow and simple Python what the native ``rpz-tracer`` does: run a command under ptrace
and write what it did as a record stream (``docs/record-stream.md``). It is the oracle that the
native tracer is tested against, and the engine where no compiled tracer exists.

:mod:`~rpz.tracer.reference.engine` waits for stops; :mod:`~rpz.tracer.reference.calls` is the table
of system calls, one family a module; each noted call is resolved when it is entered
(:mod:`~rpz.tracer.reference.resolve`) and recorded when it has succeeded
(:mod:`~rpz.tracer.reference.recorder`).
"""
