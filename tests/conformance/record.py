"""Record random programs from CPython's asyncio, for conformance_test.ts.

    python3.13 record.py check FILE...             every recording in the files is what CPython gives
    python3.13 record.py make FILE SEED COUNT TIMES   write COUNT new ones; TIMES as in 0,0,1,2,3

The statements are described in program.ts. The clock is virtual: it moves only when nothing else can
happen, to the next timer. Timers of the same instant fire in the order in which they were started,
which asyncio's heap leaves open. A program whose trace depends on the order of a set, or that ends in
a recursion of cancellations, has nothing to agree with, and is left out.
"""

import asyncio
import itertools
import json
import random
import selectors
import sys

sequence = itertools.count()
hashes = random.Random(1)
troubles = []


class Timer(asyncio.TimerHandle):
    """Fires after those of the same instant that were started before."""

    __slots__ = ("number",)

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.number = next(sequence)

    def __lt__(self, other):
        return (self._when, self.number) < (other._when, other.number)


asyncio.events.TimerHandle = Timer


class Selector(selectors.SelectSelector):
    """Moves the time of its loop on instead of waiting."""

    loop = None

    def select(self, timeout=None):
        if timeout is None:
            self.loop.stop()
        elif timeout > 0:
            self.loop.now += timeout
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        selector = Selector()
        super().__init__(selector)
        selector.loop = self
        self.now = 0
        self.set_task_factory(lambda loop, coro, **options: Task(coro, loop=loop, **options))
        self.set_exception_handler(self.note)

    def time(self):
        return self.now

    def note(self, _, context):
        if isinstance(context.get("exception"), RecursionError):
            troubles.append(context)


class Task(asyncio.Task):
    """One with a place of its own in sets, another one each time."""

    def __init__(self, *args, **options):
        self.place = hashes.getrandbits(30)
        super().__init__(*args, **options)

    def __hash__(self):
        return self.place

    def __eq__(self, other):
        return self is other


class A(Exception):
    pass


class B(Exception):
    pass


NAMES = {
    asyncio.CancelledError: "Cancelled",
    TimeoutError: "Timeout",
    asyncio.BrokenBarrierError: "BrokenBarrier",
    asyncio.QueueShutDown: "QueueShutDown",
    A: "A",
    B: "B",
}

KINDS = {
    "cancel": asyncio.CancelledError,
    "error": (A, B),
    "timeout": TimeoutError,
    "group": BaseExceptionGroup,
    "shutdown": asyncio.QueueShutDown,
    "any": BaseException,
}


def show_error(error):
    if isinstance(error, BaseExceptionGroup):
        return f"Group({','.join(sorted(map(show_error, error.exceptions)))})"
    if type(error) in NAMES:
        return NAMES[type(error)]
    troubles.append(error)
    return "unexpected"


def show_result(result):
    return show_error(result) if isinstance(result, BaseException) else f"={result}"


def show_outcome(future):
    if future.cancelled():
        return "Cancelled"
    return show_result(future.exception() or future.result())


class World:
    def __init__(self, loop):
        self.loop = loop
        self.trace = {}
        self.tasks = {}
        self.queues = [asyncio.Queue(1), asyncio.Queue()]
        self.events = [asyncio.Event(), asyncio.Event()]
        self.semaphores = [asyncio.Semaphore(1), asyncio.Semaphore(2)]
        self.locks = [asyncio.Lock(), asyncio.Lock()]
        self.condition = asyncio.Condition()
        self.barrier = asyncio.Barrier(2)

    def log(self, name, text):
        self.trace.setdefault(name, []).append(f"{int(self.loop.time())} {text}")

    def create(self, child):
        return self.loop.create_task(self.run(child), name=child["name"])

    def start(self, child):
        task = self.tasks[child["name"]] = self.create(child)
        return task

    def others(self, *names):
        tasks = [self.tasks[name] for name in names if name in self.tasks]
        return [task for task in tasks if task is not asyncio.current_task()]

    async def run(self, child):
        name = child["name"]
        if "j" in child:
            await asyncio.sleep(child["j"])
        self.log(name, "start")
        try:
            value = await self.body(name, child["body"], None)
        except BaseException as error:
            self.log(name, f"exit {show_error(error)}")
            raise
        self.log(name, f"end {value}")
        return value

    async def body(self, name, statements, limit):
        for s in statements:
            statement = getattr(self, f"do_{s['op']}")
            value = await statement(name, s, limit)
            if value is not None:
                return value
        return None

    async def do_sleep(self, name, s, limit):
        await asyncio.sleep(s["t"])

    async def do_log(self, name, s, limit):
        self.log(name, s["id"])

    async def do_raise(self, name, s, limit):
        raise A() if s["e"] == "A" else B()

    async def do_ret(self, name, s, limit):
        return s["v"]

    async def do_put(self, name, s, limit):
        await self.queues[s["q"]].put(1)
        self.log(name, "put")

    async def do_get(self, name, s, limit):
        await self.queues[s["q"]].get()
        self.log(name, "got")
        self.queues[s["q"]].task_done()

    async def do_join(self, name, s, limit):
        await self.queues[s["q"]].join()
        self.log(name, "joined")

    async def do_shutdown(self, name, s, limit):
        self.queues[s["q"]].shutdown(immediate=s["now"])
        self.log(name, "shutdown")

    async def do_evset(self, name, s, limit):
        self.events[s["e"]].set()

    async def do_evclear(self, name, s, limit):
        self.events[s["e"]].clear()

    async def do_evwait(self, name, s, limit):
        await self.events[s["e"]].wait()
        self.log(name, "event")

    async def do_cwait(self, name, s, limit):
        async with self.condition:
            await self.condition.wait()
            self.log(name, "notified")

    async def do_notify(self, name, s, limit):
        async with self.condition:
            if s["all"]:
                self.condition.notify_all()
            else:
                self.condition.notify()

    async def do_barrier(self, name, s, limit):
        await self.barrier.wait()
        self.log(name, "crossed")

    async def do_cancelself(self, name, s, limit):
        self.log(name, "cancelself")
        asyncio.current_task().cancel()

    async def do_uncancel(self, name, s, limit):
        self.log(name, f"uncancel {asyncio.current_task().uncancel()}")

    async def do_cancelling(self, name, s, limit):
        self.log(name, f"cancelling {asyncio.current_task().cancelling()}")

    async def do_resched(self, name, s, limit):
        if limit is None:
            return
        try:
            limit.reschedule(None if s["t"] is None else self.loop.time() + s["t"])
            self.log(name, "rescheduled")
        except RuntimeError:
            self.log(name, "too late")

    async def do_spawn(self, name, s, limit):
        self.start(s["child"])

    async def do_cancel(self, name, s, limit):
        if s["n"] in self.tasks:
            cancelled = self.tasks[s["n"]].cancel()
            self.log(name, f"cancel {s['n']} {cancelled}")

    async def do_await(self, name, s, limit):
        for task in self.others(s["n"]):
            self.log(name, f"awaited {await task}")

    async def do_try(self, name, s, limit):
        try:
            return await self.body(name, s["body"], limit)
        except KINDS[s["on"]] as error:
            self.log(name, f"caught {show_error(error)}")
            value = await self.body(name, s["handler"], limit)
            if s["reraise"]:
                raise
            return value
        finally:
            if s["final"]:
                self.log(name, "finally")
                await self.body(name, s["final"], limit)

    async def do_tg(self, name, s, limit):
        async with asyncio.TaskGroup() as group:
            for child in s["children"]:
                task = group.create_task(self.run(child), name=child["name"])
                self.tasks[child["name"]] = task
            value = await self.body(name, s["body"], limit)
        self.log(name, "group done")
        return value

    async def do_timeout(self, name, s, limit):
        async with asyncio.timeout(s["t"]) as inner:
            value = await self.body(name, s["body"], inner)
        self.log(name, "in time")
        return value

    async def do_waitfor(self, name, s, limit):
        self.log(name, f"waited {await asyncio.wait_for(self.run(s['child']), s['t'])}")

    async def do_waitfort(self, name, s, limit):
        for task in self.others(s["n"]):
            self.log(name, f"waited {await asyncio.wait_for(task, s['t'])}")

    async def do_shield(self, name, s, limit):
        self.log(name, f"shielded {await asyncio.shield(self.create(s['child']))}")

    async def do_shieldt(self, name, s, limit):
        for task in self.others(s["n"]):
            self.log(name, f"shielded {await asyncio.shield(task)}")

    async def gather(self, name, tasks, s):
        results = await asyncio.gather(*tasks, return_exceptions=s["rex"])
        self.log(name, f"gathered {' '.join(map(show_result, results))}")

    async def do_gather(self, name, s, limit):
        await self.gather(name, [self.create(child) for child in s["children"]], s)

    async def do_gathert(self, name, s, limit):
        if tasks := self.others(*s["names"]):
            await self.gather(name, tasks, s)

    async def wait(self, name, tasks, s):
        done, _ = await asyncio.wait(tasks, timeout=s["t"], return_when=s["mode"])
        self.log(name, f"wait {' '.join('D' if task in done else 'P' for task in tasks)}")

    async def do_waitset(self, name, s, limit):
        await self.wait(name, [self.create(child) for child in s["children"]], s)

    async def do_waitt(self, name, s, limit):
        if tasks := self.others(*s["names"]):
            await self.wait(name, tasks, s)

    async def as_completed(self, name, tasks, s):
        async for future in asyncio.as_completed(tasks, timeout=s["t"]):
            self.log(name, f"completed {show_outcome(future)}")

    async def do_ascompleted(self, name, s, limit):
        await self.as_completed(name, [self.create(child) for child in s["children"]], s)

    async def do_ascompletedt(self, name, s, limit):
        if tasks := self.others(*s["names"]):
            await self.as_completed(name, tasks, s)

    async def do_sem(self, name, s, limit):
        async with self.semaphores[s["s"]]:
            self.log(name, "sem")
            return await self.body(name, s["body"], limit)

    async def do_lock(self, name, s, limit):
        async with self.locks[s["s"]]:
            self.log(name, "lock")
            return await self.body(name, s["body"], limit)


def record(program):
    troubles.clear()
    loop = Loop()
    world = World(loop)
    main = world.start({"name": "main", "body": program["main"]})
    for helper in program["helpers"]:
        world.start(helper)

    def cancel_main():
        if not main.done():
            world.log("main", "cancelled from outside")
            main.cancel()

    if program["cancelMainAt"] is not None:
        loop.call_later(program["cancelMainAt"], cancel_main)
    loop.run_forever()
    outcome = {
        "main": show_outcome(main) if main.done() else "pending",
        "trace": json.loads(json.dumps(world.trace)),
    }
    for _ in range(100):
        live = asyncio.all_tasks(loop)
        if not live:
            break
        for task in live:
            task.cancel()
        loop.run_forever()
    else:
        troubles.append("some tasks cannot be stopped")
    loop.close()
    return outcome


AT_ONCE = (
    "sleep sleep sleep sleep sleep sleep log raise put put get join shutdown evset evset evclear "
    "evclear evclear evwait evwait evwait cwait notify barrier cancelself cancelself uncancel "
    "uncancel uncancel cancelling cancel cancel cancel await await resched resched resched"
).split()
EXISTING = "gathert waitt waitfort shieldt ascompletedt".split()
NESTED = (
    "try try try tg gather timeout timeout timeout timeout waitfor shield waitset ascompleted sem "
    "lock spawn spawn"
).split()
MODES = ["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"]
PLANNED = ["main", *(f"h{n}" for n in range(1, 5)), *(f"t{n}" for n in range(1, 7))]


class Programs:
    """Random programs, in which time is one of `times`."""

    def __init__(self, seed, times):
        self.random = random.Random(seed)
        self.seed = seed
        self.times = times
        self.count = 0

    def chance(self, share):
        return self.random.random() < share

    def pick(self, choices):
        return self.random.choice(choices)

    def time(self):
        return self.pick(self.times)

    def limit(self):
        return self.pick([0, 0, -1, *self.times])

    def wait_limit(self):
        return None if self.chance(0.4) else self.pick([0, -1, -2, *self.times])

    def names(self):
        return [self.pick(PLANNED) for _ in range(self.random.randint(1, 3))]

    def child(self, depth):
        self.count += 1
        child = {"name": f"t{self.count}"}
        if self.chance(0.4):
            child["j"] = self.time()
        child["body"] = self.body(depth + 1)
        return child

    def children(self, depth):
        return [self.child(depth) for _ in range(self.random.randint(1, 2 if depth else 3))]

    def body(self, depth, most=4):
        size = self.random.randint(1, most if depth < 2 else 3)
        statements = [self.statement(depth) for _ in range(size)]
        if self.chance(0.15):
            statements.append({"op": "ret", "v": self.random.randint(0, 99)})
        if depth >= 3 or not self.chance(0.3):
            return statements
        handler = [self.statement(3) for _ in range(self.random.randint(0, 2))]
        kind = self.pick(["any", "any", "cancel", "timeout"])
        return [self.attempt(statements, kind, handler, [], 0.3)]

    def attempt(self, body, on, handler, final, reraise):
        parts = {"op": "try", "body": body, "on": on, "handler": handler}
        return {**parts, "reraise": self.chance(reraise), "final": final}

    def statement(self, depth):
        share = self.random.random()
        if depth >= 3:
            op = self.pick(AT_ONCE if share < 0.7 else EXISTING)
        else:
            op = self.pick(AT_ONCE if share < 0.45 else EXISTING if share < 0.75 else NESTED)
        if op == "try":
            final = self.body(depth + 1, 2) if self.chance(0.3) else []
            kind = self.pick(["cancel", "cancel", "cancel", *KINDS])
            return self.attempt(self.body(depth + 1), kind, self.body(depth + 1, 3), final, 0.4)
        return {"op": op, **self.operands(op, depth)}

    def operands(self, op, depth):
        match op:
            case "sleep":
                return {"t": self.time()}
            case "log":
                return {"id": f"L{self.random.randint(0, 99)}"}
            case "raise":
                return {"e": self.pick("AB")}
            case "put" | "get" | "join":
                return {"q": self.random.randint(0, 1)}
            case "shutdown":
                return {"q": self.random.randint(0, 1), "now": self.chance(0.5)}
            case "evset" | "evclear" | "evwait":
                return {"e": self.random.randint(0, 1)}
            case "notify":
                return {"all": self.chance(0.5)}
            case "resched":
                return {"t": None if self.chance(0.2) else self.limit()}
            case "cancel" | "await" | "shieldt":
                return {"n": self.pick(PLANNED)}
            case "waitfort":
                return {"n": self.pick(PLANNED), "t": None if self.chance(0.4) else self.limit()}
            case "gathert":
                return {"names": self.names(), "rex": self.chance(0.4)}
            case "waitt":
                return {"names": self.names(), "mode": self.pick(MODES), "t": self.wait_limit()}
            case "ascompletedt":
                return {"names": self.names(), "t": self.wait_limit()}
            case "spawn" | "shield":
                return {"child": self.child(depth)}
            case "waitfor":
                return {"t": self.limit(), "child": self.child(depth)}
            case "tg":
                return {"children": self.children(depth), "body": self.body(depth + 1)}
            case "gather":
                return {"children": self.children(depth), "rex": self.chance(0.4)}
            case "timeout":
                limit = None if self.chance(0.1) else self.limit()
                return {"t": limit, "body": self.body(depth + 1)}
            case "waitset":
                children = self.children(depth)
                return {"children": children, "mode": self.pick(MODES), "t": self.wait_limit()}
            case "ascompleted":
                return {"children": self.children(depth), "t": self.wait_limit()}
            case "sem" | "lock":
                return {"s": self.random.randint(0, 1), "body": self.body(depth + 1)}
            case _:
                return {}

    def helper(self, number):
        pause = [{"op": "sleep", "t": self.time()}] if self.chance(0.8) else []
        return {"name": f"h{number}", "body": pause + self.body(1)}

    def program(self):
        return {
            "seed": self.seed,
            "helpers": [self.helper(n) for n in range(1, self.random.randint(2, 4) + 1)],
            "main": self.body(0, 5),
            "cancelMainAt": self.time() + 1 if self.chance(0.4) else None,
        }


TELLING = set("uncancel rescheduled too shutdown wait gathered waited shielded completed".split())


def worth_keeping(program, outcome):
    words = [line.split()[1] for lines in outcome["trace"].values() for line in lines]
    if troubles or len(words) < 14 or sum(word in TELLING for word in words) < 3:
        return False
    return all(record(program) == outcome for _ in range(12))


def make(file, seed, count, times):
    with open(file, "w") as out:
        while count > 0:
            seed += 1
            program = Programs(seed, times).program()
            try:
                outcome = record(program)
                if not worth_keeping(program, outcome):
                    continue
            except RecursionError:
                continue
            recording = {"program": program, "expected": outcome}
            out.write(json.dumps(recording, separators=(",", ":")) + "\n")
            count -= 1


def check(files):
    different = 0
    for file in files:
        for line in open(file):
            recording = json.loads(line)
            if record(recording["program"]) != recording["expected"]:
                different += 1
                print(f"{file}: seed {recording['program']['seed']} differs")
    return different


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "check":
        sys.exit(1 if check(rest) else 0)
    file, seed, count, times = rest
    make(file, int(seed), int(count), [int(time) for time in times.split(",")])
