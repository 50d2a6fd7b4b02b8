"""What functions use of the standard library beside plain computing, one answer for each."""

import asyncio
import concurrent.futures
import datetime
import logging
import queue
import socket
import threading
import time
import urllib.request
import zoneinfo

logger = logging.getLogger()


def lambda_handler(event, context):
    try:
        return {"answer": globals()[event["what"]]()}
    except BaseException as error:
        return {"error": type(error).__name__, "message": str(error)}


def tasks():
    """Tasks of one loop wait together: together they take as long as one."""

    async def work(number, done):
        await asyncio.sleep(0.3)
        done.put_nowait(number)

    async def run():
        done, began = asyncio.Queue(), time.monotonic()
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(work(number, done))
        in_thread = await asyncio.to_thread(lambda: "in a thread")
        try:
            await asyncio.wait_for(asyncio.sleep(60), 0.01)
        except TimeoutError:
            in_thread += ", and late"
        together = time.monotonic() - began < 2.5
        return [sorted(done.get_nowait() for _ in range(10)), in_thread, together]

    return asyncio.run(run())


def time_zones():
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    summer = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.timezone.utc).astimezone(berlin)
    winter = datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.timezone.utc).astimezone(berlin)
    return [summer.isoformat(), winter.isoformat(), len(zoneinfo.available_timezones()) > 400]


def file_url():
    """A file of the instance by its URL, for which `urllib` asks for the address of the machine."""
    with open("/tmp/a b.txt", "w") as file:
        file.write("written")
    with urllib.request.urlopen("file:///tmp/a%20b.txt") as answer:
        return [answer.read().decode(), socket.gethostbyname(socket.gethostname())]


def log():
    logger.setLevel(logging.INFO)
    logger.debug("not to be seen")
    logger.info("for %s", "information")
    logger.warning("a warning")
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("what went wrong")
    return None


def pools():
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        squares = list(pool.map(lambda number: number * number, range(6)))
        first = next(concurrent.futures.as_completed([pool.submit(sum, (1, 2))])).result()
    return [squares, first]


def threads():
    work, done = queue.Queue(), []

    def consume():
        while (item := work.get()) is not None:
            done.append(item)

    consumer = threading.Thread(target=consume)
    consumer.start()
    for item in (*range(3), None):
        work.put(item)
    consumer.join()
    return done


def deadlock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def ctypes():
    import ctypes  # noqa: F401


def raw_socket():
    with socket.create_connection(("127.0.0.1", 5432), timeout=5) as connection:
        connection.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
        return connection.recv(1).decode()


def listener():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()


def processes():
    import subprocess

    subprocess.run(["true"], check=True)

