"""A slow link on this machine: a TCP proxy that holds everything back for a while."""

import asyncio
from multiprocessing.connection import Connection

_CHUNK = 65_536


def serve(tell: Connection, port: int, round_trip: float) -> None:
    """Pass connections on to a local port, `round_trip` seconds slower; tell the proxy's own."""
    asyncio.run(_serve(tell, port, round_trip / 2))


async def _serve(tell: Connection, port: int, delay: float) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_forward(reader, back, delay), _forward(there, writer, delay))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    tell.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float
) -> None:
    """Copy a stream, each chunk `delay` seconds after it came; latency grows, bandwidth stays."""
    held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    sending = asyncio.create_task(_send(held, writer))
    clock = asyncio.get_running_loop().time
    chunk = b"more"
    while chunk:
        try:
            chunk = await reader.read(_CHUNK)
        except ConnectionError:
            chunk = b""
        held.put_nowait((clock() + delay, chunk))
    await sending


async def _send(held: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due, chunk = await held.get()
        await asyncio.sleep(due - clock())
        if not chunk:
            writer.close()
            return
        writer.write(chunk)
