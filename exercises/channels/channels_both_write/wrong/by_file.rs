//! Bypasses the pipes: what is sent is the name of a file.
//! expect: old FAIL other bytes

    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("message-{}-{count}", std::process::id()));
    std::fs::write(&path, message)?;
    send(ends, path.to_string_lossy().as_bytes())?;
    Ok(std::fs::read(String::from_utf8(receive(ends)?)?)?)
