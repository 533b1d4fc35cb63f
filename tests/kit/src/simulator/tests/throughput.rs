//! A measurement, not a promise.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Bench;

/// How many details a second one simulator serves. Run by hand:
/// `cargo test -p tests --lib simulator::tests::throughput -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn throughput() {
    let bench = Bench::with(100_000).await;
    let (addr, token) = (bench.simulator.addr(), bench.token.clone());
    let ids = bench.simulator.company_ids();
    let begun = Instant::now();
    let load = (0..4).map(|lane| {
        let (ids, token) = (ids.clone(), token.clone());
        tokio::spawn(async move {
            let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
            let mut buffer = vec![0; 1 << 20];
            for id in ids.iter().skip(lane).step_by(4).take(5000) {
                let request =
                    format!("GET /v1/company/info?company_id={id} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut got = 0;
                loop {
                    got += stream.read(&mut buffer[got..]).await.unwrap();
                    if buffer[..got].ends_with(b"]}}") {
                        break;
                    }
                }
            }
        })
    });
    futures::future::join_all(load).await;
    let seconds = begun.elapsed().as_secs_f64();
    println!("{:.0} details per second", 20_000.0 / seconds);
}
