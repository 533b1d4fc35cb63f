//! A TCP line to the broker that a test can cut.

use std::net::SocketAddr;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::broadcast,
};

/// Forwards connections until they are cut; new ones are accepted again at once.
pub struct Line {
    pub addr: SocketAddr,
    scissors: broadcast::Sender<()>,
}

impl Line {
    pub async fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (scissors, _) = broadcast::channel(1);
        let hold = scissors.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (target, mut cut) = (target.clone(), hold.subscribe());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(target).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = cut.recv() => {}
                    }
                });
            }
        });
        Self { addr, scissors }
    }

    /// Cuts every connection that is open now.
    pub fn cut(&self) {
        drop(self.scissors.send(()));
    }
}
