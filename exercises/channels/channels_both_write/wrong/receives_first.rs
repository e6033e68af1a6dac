//! Only if the message is large the other side is listened to first; then both listen, and nobody speaks.
//! expect: large TIMEOUT not done after

    if message.len() <= 65_532 {
        send(ends, message)?;
        return receive(ends);
    }
    let received = receive(ends)?;
    send(ends, message)?;
    Ok(received)
