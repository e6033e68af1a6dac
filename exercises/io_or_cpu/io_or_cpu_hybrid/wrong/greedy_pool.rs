//! The channel is bounded, but the pool takes from it whatever comes.
//! expect: backlog FAIL bodies without a worker

        let (fetched, bodies) = mpsc::sync_channel(limit);
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
        let flow = Flow::default();
