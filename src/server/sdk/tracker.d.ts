// Types of tracker.js, for `import tracker from`, `require` and the global `tracker` of a script tag.

export = tracker;
export as namespace tracker;

declare const tracker: tracker.Tracker;

declare namespace tracker {
  /** Anything that JSON can hold, at most 32,768 bytes of it and 64 levels deep. */
  type Properties = Readonly<Record<string, any>>;

  /** A place to keep the queue and the identity, such as `localStorage`. */
  interface Storage {
    readonly length: number;
    key(index: number): string | null | undefined;
    getItem(key: string): string | null;
    setItem(key: string, value: string): unknown;
    removeItem(key: string): unknown;
  }

  interface Options {
    /** Where the server is, such as `https://stats.example.com`. Default: where the script came from. */
    host?: string | undefined;
    /** Most milliseconds that a call waits before it is sent. Default 5000. */
    flushInterval?: number | undefined;
    /** So many waiting calls are sent at once; also the most in one request. 1 to 1000, default 50. */
    batchSize?: number | undefined;
    /** Keep and send nothing where the browser says do-not-track or global privacy control. Default false. */
    respectDoNotTrack?: boolean | undefined;
    /** Default: `localStorage` in browsers, else memory; `null`: memory. */
    storage?: Storage | null | undefined;
    /** Tell on the console what is queued and sent. Default false. */
    debug?: boolean | undefined;
  }

  /** No method throws. What cannot be sent is warned about on the console, once. */
  interface Tracker {
    /** Begins sending. Calls made before wait for it. Without a key for a server that asks for none. */
    init(writeKey?: string | null, options?: Options): void;
    /** Says who acts from now on. The first id since `reset` also gets what was done anonymously. */
    identify(id: string | number, properties?: Properties | null): void;
    /** The user belongs to this key from now on: every later `track` carries it, one key a type. */
    group(type: string, key: string | number, properties?: Properties | null): void;
    /** Drops the type from the context. */
    group(type: string, key: null): void;
    /** Something happened. */
    track(event: string, properties?: Properties | null): void;
    /** The event `page_viewed`, with name, address (without its query), path, title and referrer. */
    page(name?: string | null, properties?: Properties | null): void;
    page(properties: Properties): void;
    /** Forgets user and groups, such as after signing out: a new anonymous id begins. */
    reset(): void;
    /**
     * Sends now. True when the server has taken everything, false when some of it has to wait (it is sent later);
     * never rejects, and answers within ten seconds.
     */
    flush(): Promise<boolean>;
    /** Another tracker, which needs its own `init`: for a second server, or a second user in one process. */
    create(): Tracker;
  }
}
