use metrics_timeit::attr::{count, timeit};

trait Serve {
    #[timeit]
    fn serve(&self);

    #[count("served")]
    async fn fetch(&self);
}

struct Shop;

impl Serve for Shop {
    fn serve(&self) {}
    async fn fetch(&self) {}
}

fn main() {
    Shop.serve();
    let _ = Shop.fetch();
}
