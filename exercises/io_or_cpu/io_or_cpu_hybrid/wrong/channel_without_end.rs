//! One sender is never dropped: the pool waits for more bodies for ever.
//! expect: answer TIMEOUT not done

        let (fetched, bodies) = mpsc::sync_channel(limit);
        let kept = fetched.clone();
        for _ in 0..limit {
            let (fetched, next) = (fetched.clone(), &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if number >= pages || fetched.send((number, server.get(number))).is_err() {
                        return;
                    }
                }
            });
        }
        let flow = Flow { chunksize: 1, prefetch: limit };
        let _later = kept;
