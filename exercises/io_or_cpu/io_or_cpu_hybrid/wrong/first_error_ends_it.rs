//! The first page that cannot be had ends it all: no other is asked for.
//! expect: answer FAIL nobody has asked for it

        let (fetched, bodies) = mpsc::sync_channel(limit);
        for _ in 0..limit {
            let (fetched, next) = (fetched.clone(), &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if number >= pages {
                        return;
                    }
                    let Ok(body) = server.get(number) else {
                        next.store(pages, Relaxed);
                        return;
                    };
                    if fetched.send((number, Ok(body))).is_err() {
                        return;
                    }
                }
            });
        }
        let flow = Flow { chunksize: 1, prefetch: limit };
