//! One thread keeps every limit, and waits for one page after the other.
//! expect: at_once FAIL requests at a time

        let (fetched, bodies) = mpsc::sync_channel(limit);
        let (sender, next) = (fetched.clone(), &next);
        scope.spawn(move || {
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= pages || sender.send((number, server.get(number))).is_err() {
                    return;
                }
            }
        });
        let flow = Flow { chunksize: 1, prefetch: limit };
