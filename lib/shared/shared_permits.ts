import type { WaitSubject } from "../core/wait_subject.ts";
import { type CancelOutcome, noWait } from "../core/waiter.ts";
import { CROWDED, TAKEN } from "./protocol/lock_protocol.ts";
import type { LivenessCheck } from "./protocol/words.ts";
import type { WaitQueues } from "./protocol/wait_queues.ts";
import { QueuedWait, QueuedWaits } from "./queued_wait.ts";
import type { SharedBlock } from "./shared_block.ts";

const QUEUE = 0;

/** What hands out permits: the protocol of a lock or of a semaphore. */
interface PermitProtocol {
  readonly queues: WaitQueues;
  tryTake(): boolean;
  takeOrJoin(mine: number): number;
  park(slot: number, until: number, checkLiveness: LivenessCheck): boolean;
  recover(isDead: (id: number) => boolean): void;
}

/** What a lock or semaphore does with the permits that its protocol hands out. */
interface PermitOwner<P> {
  /** Make the object for a permit that this thread has got just now. */
  hold(): P;
  /** Give back a permit that this thread has got and nobody wants. */
  passOn(): void;
}

/** The waits for the permits of a shared lock or semaphore, asynchronous and blocking ones. */
export class SharedPermits<P> {
  readonly #block: SharedBlock;
  readonly #protocol: PermitProtocol;
  readonly #owner: PermitOwner<P>;
  readonly #waits: QueuedWaits<P>;

  static #Acquire = class<P> extends QueuedWait<P> {
    readonly #permits: SharedPermits<P>;

    constructor(permits: SharedPermits<P>) {
      super();
      this.#permits = permits;
    }

    override describe(): WaitSubject {
      return { kind: "SharedLock or SharedSemaphore" };
    }

    protected override onWithdraw(): CancelOutcome {
      if (!this.#permits.#waits.leave(this)) this.onLost();
      return "left";
    }

    protected override onLost(): void {
      this.#permits.#waits.finish(this);
      this.#permits.#owner.passOn();
    }

    protected override onResume(): P {
      this.#permits.#waits.finish(this);
      return this.#permits.#owner.hold();
    }
  };

  constructor(block: SharedBlock, protocol: PermitProtocol, owner: PermitOwner<P>) {
    this.#block = block;
    this.#protocol = protocol;
    this.#owner = owner;
    this.#waits = new QueuedWaits(block, protocol.queues, QUEUE, (wait) => this.#join(wait));
    block.attach((isDead) => {
      protocol.recover(isDead);
      this.#waits.look();
    });
  }

  /** Take a permit if that needs no waiting; does not overtake those who wait. */
  tryAcquire(): P | undefined {
    return this.#protocol.tryTake() ? this.#owner.hold() : undefined;
  }

  /** The same, or wait for one. */
  acquire(): Promise<P> {
    try {
      // Those of this thread who found no slot to stand in came before.
      const { crowded } = this.#waits;
      if (!crowded && this.#protocol.tryTake()) return noWait(this.#owner.hold());
      const wait = new SharedPermits.#Acquire<P>(this);
      if (crowded || !this.#join(wait)) this.#waits.enter(wait, CROWDED);
      return wait.begin();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same, blocking; `false` if `until` came first. `hold` is for the caller to do. */
  block(until: number): boolean {
    const protocol = this.#protocol;
    for (;;) {
      if (protocol.tryTake()) return true;
      const slot = protocol.takeOrJoin(0);
      if (slot === TAKEN) return true;
      if (slot !== CROWDED) {
        const taken = protocol.park(slot, until, this.#block.checkLiveness);
        if (taken) protocol.queues.finishedOne(slot);
        return taken;
      }
      if (!protocol.queues.nap(QUEUE, until)) return false;
    }
  }

  /** A permit went to the one who waits in a slot. */
  wakeAt(slot: number): void {
    this.#waits.wakeAt(slot);
  }

  #join(wait: QueuedWait<P>): boolean {
    const slot = this.#protocol.takeOrJoin(this.#waits.mine);
    if (slot === CROWDED) return false;
    if (slot === TAKEN) wait.wake();
    else this.#waits.enter(wait, slot);
    return true;
  }
}
