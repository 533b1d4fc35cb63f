//! A proxy in front of an echo.
#![allow(clippy::unwrap_used)]

use super::*;

/// Answers every byte with itself.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.into_split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn ask(stream: &mut TcpStream) -> std::io::Result<u8> {
    stream.write_all(b"x").await?;
    stream.read_u8().await
}

#[tokio::test]
async fn it_carries_stalls_goes_silent_and_cuts() {
    let proxy = Proxy::start(echo().await, Duration::ZERO).await.unwrap();
    let mut old = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(ask(&mut old).await.unwrap(), b'x');

    proxy.stall();
    old.write_all(b"y").await.unwrap();
    proxy.withheld().await;
    proxy.pass();
    assert_eq!(old.read_u8().await.unwrap(), b'y');

    proxy.half_open();
    old.write_all(b"z").await.unwrap();
    proxy.withheld().await;
    let mut new = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(ask(&mut new).await.unwrap(), b'x');
    let mut byte = [0];
    assert!(old.try_read(&mut byte).is_err(), "a silent connection spoke");

    let mut reset = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(ask(&mut reset).await.unwrap(), b'x');
    proxy.reset().await;
    assert!(ask(&mut reset).await.is_err());
    let mut new = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(ask(&mut new).await.unwrap(), b'x');

    proxy.cut();
    assert!(ask(&mut new).await.is_err());
    assert!(old.read_u8().await.is_err());
    proxy.pass();
    let mut later = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(ask(&mut later).await.unwrap(), b'x');
}

#[tokio::test]
async fn a_far_one_carries_everything_later() {
    let delay = Duration::from_millis(30);
    let proxy = Proxy::start(echo().await, delay).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    let start = Instant::now();
    assert_eq!(ask(&mut stream).await.unwrap(), b'x');
    assert!(start.elapsed() >= 2 * delay);
}

#[tokio::test]
async fn a_url_is_redirected_with_all_that_it_says() {
    let proxy = Proxy::before("redis://127.0.0.1/0").await.unwrap();
    let port = proxy.address.port();
    let through = proxy.redirected("amqp://guest:guest@localhost:5672/%2f").unwrap();
    assert_eq!(through, format!("amqp://guest:guest@127.0.0.1:{port}/%2f"));
    let through = proxy.redirected("http://127.0.0.1:80").unwrap();
    assert_eq!(through, format!("http://127.0.0.1:{port}"));
}
