//! Questions about the sample shop, each with the SQL that a person would write for it.

/// A question and how to know that its answer is right.
#[derive(Debug, Clone)]
pub struct Question {
    /// As it is asked, without `nl:`.
    pub text: String,
    /// Written by hand and run on the server itself.
    pub gold: String,
    /// Whether the rows must come in gold's order.
    pub order: Order,
}

/// Whether the order of rows is part of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// It is.
    Given,
    /// Any order is right.
    Any,
}

/// Questions that the demo shows, the first of [`all`].
pub const EXAMPLES: usize = 5;

/// Every question that `demo --check` asks.
pub fn all() -> Vec<Question> {
    QUESTIONS
        .iter()
        .map(|(order, text, gold)| Question {
            text: (*text).to_owned(),
            gold: (*gold).to_owned(),
            order: *order,
        })
        .collect()
}

const QUESTIONS: &[(Order, &str, &str)] = &[
    (
        Order::Given,
        "top 5 customers by total order amount",
        "SELECT c.name, sum(o.amount) FROM customers c JOIN orders o ON o.customer_id = c.id
         GROUP BY c.id ORDER BY 2 DESC LIMIT 5",
    ),
    (
        Order::Any,
        "how many orders per status",
        "SELECT status, count(*) FROM orders GROUP BY status",
    ),
    (
        Order::Any,
        "average price of products by category",
        "SELECT c.name, avg(p.price) FROM categories c JOIN products p ON p.category_id = c.id
         GROUP BY c.id",
    ),
    (
        Order::Any,
        "how many customers in Berlin have no orders",
        "SELECT count(*) FROM customers c WHERE c.city = 'Berlin'
         AND NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id)",
    ),
    (
        Order::Any,
        "total amount of payments by method last month",
        "SELECT method, sum(amount) FROM payments
         WHERE paid_at >= date_trunc('month', CURRENT_DATE) - interval '1 month'
           AND paid_at < date_trunc('month', CURRENT_DATE) GROUP BY method",
    ),
    (
        Order::Any,
        "how many customers are there",
        "SELECT count(*) FROM customers",
    ),
    (
        Order::Any,
        "number of customers by country",
        "SELECT country, count(*) FROM customers GROUP BY country",
    ),
    (
        Order::Any,
        "show the name and price of products with a price above 1,000",
        "SELECT name, price FROM products WHERE price > 1000",
    ),
    (
        Order::Any,
        "how many products are discontinued",
        "SELECT count(*) FROM products WHERE discontinued",
    ),
    (
        Order::Any,
        "names of corporate customers in Hamburg",
        "SELECT name FROM customers WHERE segment = 'corporate' AND city = 'Hamburg'",
    ),
    (
        Order::Given,
        "top 3 products by total quantity of order items",
        "SELECT p.name, sum(i.quantity) FROM products p JOIN order_items i ON i.product_id = p.id
         GROUP BY p.id ORDER BY 2 DESC LIMIT 3",
    ),
    (
        Order::Any,
        "how many orders are cancelled",
        "SELECT count(*) FROM orders WHERE status = 'cancelled'",
    ),
    (
        Order::Any,
        "average salary of employees per region",
        "SELECT r.name, avg(e.salary) FROM regions r JOIN employees e ON e.region_id = r.id
         GROUP BY r.id",
    ),
    (
        Order::Given,
        "name and price of the 5 products with the highest price",
        "SELECT name, price FROM products ORDER BY price DESC LIMIT 5",
    ),
    (
        Order::Any,
        "names of the suppliers of the product 'Walnut Tent'",
        "SELECT s.name FROM suppliers s JOIN product_suppliers ps ON ps.supplier_id = s.id
         JOIN products p ON p.id = ps.product_id WHERE p.name = 'Walnut Tent'",
    ),
    (
        Order::Any,
        "names of products without order items",
        "SELECT name FROM products p
         WHERE NOT EXISTS (SELECT FROM order_items i WHERE i.product_id = p.id)",
    ),
    (
        Order::Any,
        "how many payments have an amount between 100 and 200",
        "SELECT count(*) FROM payments WHERE amount BETWEEN 100 AND 200",
    ),
    (
        Order::Any,
        "what is the highest order amount",
        "SELECT max(amount) FROM orders",
    ),
    (
        Order::Any,
        "how many different cities do customers have",
        "SELECT count(DISTINCT city) FROM customers",
    ),
    (
        Order::Any,
        "names of customers with more than 100 orders",
        "SELECT c.name FROM customers c JOIN orders o ON o.customer_id = c.id
         GROUP BY c.id HAVING count(*) > 100",
    ),
    (
        Order::Any,
        "how many employees have no manager",
        "SELECT count(*) FROM employees WHERE manager_id IS NULL",
    ),
    (
        Order::Any,
        "number of returns by reason",
        "SELECT reason, count(*) FROM returns GROUP BY reason",
    ),
    (
        Order::Given,
        "total order amount per channel, highest first",
        "SELECT channel, sum(amount) FROM orders GROUP BY channel ORDER BY 2 DESC",
    ),
    (
        Order::Any,
        "how many payments in the last 30 days",
        "SELECT count(*) FROM payments WHERE paid_at >= CURRENT_DATE - 30
         AND paid_at < CURRENT_DATE + 1",
    ),
];
