//! Both send and receive in turns, by frames that fit into a pipe; an old program knows nothing of that.
//! expect: old TIMEOUT not done after

    let mut received = Vec::new();
    let mut parts = message.chunks(32_768);
    let (mut sent_all, mut received_all) = (false, false);
    while !(sent_all && received_all) {
        if !sent_all {
            let part = parts.next().unwrap_or_default();
            sent_all = part.is_empty();
            send(ends, part)?;
        }
        if !received_all {
            let part = receive(ends)?;
            received_all = part.is_empty();
            received.extend(part);
        }
    }
    Ok(received)
