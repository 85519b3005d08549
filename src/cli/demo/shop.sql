-- The sample shop: customers, products, orders and what hangs on them.
--
-- Same seed and same day, same data: nothing here calls random() or the clock beyond
-- current_date. Choose another with SET shop.seed = N before running this file.

-- ANALYZE warns of each system table that only a superuser may analyze.
SET client_min_messages = error;

-- A number in [0, 1) that depends on the seed, on what it is for and on the row.
CREATE FUNCTION pg_temp.roll(purpose integer, n bigint) RETURNS double precision
    LANGUAGE sql STABLE AS
$$ SELECT (hashint8extended(n * 256 + purpose,
                            coalesce(nullif(current_setting('shop.seed', true), ''), '1')::bigint)
           & 4503599627370495) / 4503599627370496.0::double precision $$;

CREATE FUNCTION pg_temp.pick(choices text[], r double precision) RETURNS text
    LANGUAGE sql IMMUTABLE AS
$$ SELECT choices[1 + floor(r * cardinality(choices))::integer] $$;

----------------------------------------------------------------------------------------------------
-- Types and tables. Keys to other tables are added last: loading is faster without them.

CREATE TYPE customer_segment AS ENUM ('consumer', 'small business', 'corporate', 'public sector');
CREATE TYPE order_status AS ENUM ('pending', 'paid', 'shipped', 'delivered', 'cancelled');
CREATE TYPE sales_channel AS ENUM ('web', 'app', 'store', 'phone');
CREATE TYPE payment_method AS ENUM ('card', 'paypal', 'bank transfer', 'invoice');

CREATE TABLE regions (
    id      integer PRIMARY KEY,
    name    text NOT NULL UNIQUE
);

CREATE TABLE employees (
    id          integer PRIMARY KEY,
    name        text NOT NULL,
    email       text NOT NULL UNIQUE,
    job_title   text NOT NULL,
    region_id   integer NOT NULL,
    manager_id  integer,
    salary      numeric(10,2) NOT NULL,
    hired_on    date NOT NULL,
    active      boolean NOT NULL
);

CREATE TABLE customers (
    id          integer PRIMARY KEY,
    name        text NOT NULL,
    email       text NOT NULL UNIQUE,
    phone       text,
    city        text NOT NULL,
    country     text NOT NULL,
    region_id   integer NOT NULL,
    segment     customer_segment NOT NULL,
    birth_date  date,
    newsletter  boolean NOT NULL,
    created_at  timestamptz NOT NULL
);

CREATE TABLE categories (
    id          integer PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    parent_id   integer
);

CREATE TABLE suppliers (
    id          integer PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    country     text NOT NULL,
    rating      numeric(2,1)
);

CREATE TABLE products (
    id            integer PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    category_id   integer NOT NULL,
    price         numeric(10,2) NOT NULL,
    cost          numeric(10,2) NOT NULL,
    stock         integer NOT NULL,
    weight_kg     numeric(6,2),
    discontinued  boolean NOT NULL,
    launched_on   date NOT NULL
);

CREATE TABLE product_suppliers (
    product_id   integer NOT NULL,
    supplier_id  integer NOT NULL,
    PRIMARY KEY (product_id, supplier_id)
);

CREATE TABLE orders (
    id           integer PRIMARY KEY,
    customer_id  integer NOT NULL,
    employee_id  integer,
    status       order_status NOT NULL,
    channel      sales_channel NOT NULL,
    amount       numeric(12,2) NOT NULL,
    coupon_code  text,
    ordered_at   timestamptz NOT NULL,
    shipped_at   timestamptz
);

CREATE TABLE order_items (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id    integer NOT NULL,
    product_id  integer NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    unit_price  numeric(10,2) NOT NULL,
    discount    numeric(10,2) NOT NULL
);

CREATE TABLE payments (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id  integer NOT NULL,
    method    payment_method NOT NULL,
    amount    numeric(12,2) NOT NULL,
    paid_at   timestamptz NOT NULL
);

CREATE TABLE returns (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_item_id  integer NOT NULL,
    reason         text NOT NULL,
    refund         numeric(10,2),
    returned_on    date NOT NULL
);

----------------------------------------------------------------------------------------------------
-- Regions, employees, customers.

INSERT INTO regions (id, name) VALUES
    (1, 'Northern Europe'), (2, 'Western Europe'), (3, 'Southern Europe'), (4, 'Eastern Europe'),
    (5, 'North America'), (6, 'Latin America'), (7, 'Asia Pacific'), (8, 'Africa');

CREATE TEMPORARY TABLE places (id serial, city text, country text, region_id integer);
INSERT INTO places (city, country, region_id) VALUES
    ('Berlin', 'Germany', 2), ('Hamburg', 'Germany', 2), ('Munich', 'Germany', 2),
    ('London', 'United Kingdom', 1), ('New York', 'United States', 5), ('Paris', 'France', 2),
    ('Stockholm', 'Sweden', 1), ('Madrid', 'Spain', 3), ('Chicago', 'United States', 5),
    ('Lyon', 'France', 2), ('Warsaw', 'Poland', 4), ('Rome', 'Italy', 3),
    ('Manchester', 'United Kingdom', 1), ('Boston', 'United States', 5), ('Toronto', 'Canada', 5),
    ('Amsterdam', 'Netherlands', 2), ('Vienna', 'Austria', 2), ('Milan', 'Italy', 3),
    ('Copenhagen', 'Denmark', 1), ('Barcelona', 'Spain', 3), ('Prague', 'Czechia', 4),
    ('San Francisco', 'United States', 5), ('Dublin', 'Ireland', 1), ('Lisbon', 'Portugal', 3),
    ('Helsinki', 'Finland', 1), ('Oslo', 'Norway', 1), ('Tokyo', 'Japan', 7),
    ('Sydney', 'Australia', 7), ('Melbourne', 'Australia', 7), ('Singapore', 'Singapore', 7),
    ('Sao Paulo', 'Brazil', 6), ('Mexico City', 'Mexico', 6), ('Buenos Aires', 'Argentina', 6),
    ('Budapest', 'Hungary', 4), ('Krakow', 'Poland', 4), ('Bucharest', 'Romania', 4),
    ('Cape Town', 'South Africa', 8), ('Nairobi', 'Kenya', 8), ('Lagos', 'Nigeria', 8),
    ('Athens', 'Greece', 3);

CREATE FUNCTION pg_temp.person(r double precision, s double precision) RETURNS text
    LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_temp.pick(ARRAY[
    'Anna', 'Maria', 'Emma', 'Sofia', 'Julia', 'Laura', 'Sarah', 'Nina', 'Clara', 'Elena', 'Ida',
    'Marta', 'Alice', 'Hannah', 'Lucia', 'Ingrid', 'Yuki', 'Amara', 'Priya', 'Chloe', 'Eva',
    'Katarina', 'Zofia', 'Beatriz', 'Olivia', 'Grace', 'Mei', 'Fatima', 'Astrid', 'Greta',
    'Peter', 'Thomas', 'Daniel', 'Lukas', 'Jan', 'David', 'Marco', 'Paul', 'James', 'Erik',
    'Carlos', 'Tomas', 'Henry', 'Oscar', 'Pierre', 'Kenji', 'Kwame', 'Arjun', 'Noah', 'Felix',
    'Mateus', 'Piotr', 'Diego', 'Liam', 'Samuel', 'Wei', 'Omar', 'Lars', 'Hugo', 'Viktor'], r)
  || ' ' || pg_temp.pick(ARRAY[
    'Smith', 'Müller', 'Garcia', 'Rossi', 'Novak', 'Jones', 'Schmidt', 'Martin', 'Silva', 'Kowalski',
    'Andersson', 'Johansson', 'Brown', 'Fischer', 'Lopez', 'Ferrari', 'Dubois', 'Weber', 'Nielsen',
    'Hansen', 'Taylor', 'Wagner', 'Moreau', 'Costa', 'Santos', 'Nagy', 'Popescu', 'Virtanen',
    'Becker', 'Hoffmann', 'Wilson', 'Evans', 'Laurent', 'Romano', 'Fernandez', 'Wójcik', 'Horvat',
    'Larsen', 'Berg', 'Lindqvist', 'Walker', 'Richter', 'Klein', 'Bianchi', 'Torres', 'Almeida',
    'Tanaka', 'Sato', 'Suzuki', 'Chen', 'Wang', 'Nguyen', 'Patel', 'Sharma', 'Okafor', 'Mensah',
    'O''Brien', 'Murphy', 'Van Dijk', 'De Vries', 'Papadopoulos', 'Dvorak', 'Svoboda', 'Keller',
    'Baker', 'Cooper', 'Reed', 'Ward', 'Schneider', 'Krause', 'Lehmann', 'Petit', 'Girard',
    'Conti', 'Gallo', 'Ruiz', 'Vargas', 'Castro', 'Mbeki', 'Kimani', 'Nowak', 'Zielinski'], s) $$;

INSERT INTO employees (id, name, email, job_title, region_id, manager_id, salary, hired_on, active)
SELECT n,
       name,
       lower(regexp_replace(translate(name, 'üó', 'uo'), '[^A-Za-z]+', '.', 'g')) || n
           || '@shop.example',
       CASE WHEN n = 1 THEN 'director' WHEN n <= 9 THEN 'regional manager'
            WHEN n % 4 = 0 THEN 'support agent' ELSE 'sales representative' END,
       CASE WHEN n = 1 THEN 2 ELSE 1 + (n - 2) % 8 END,
       CASE WHEN n = 1 THEN NULL WHEN n <= 9 THEN 1 ELSE 2 + (n - 2) % 8 END,
       round((CASE WHEN n = 1 THEN 140000 WHEN n <= 9 THEN 78000 ELSE 38000 END
              * (1 + 0.4 * pg_temp.roll(3, n)))::numeric, 2),
       current_date - (120 + floor(3200 * pg_temp.roll(4, n)))::integer,
       pg_temp.roll(5, n) < 0.9
FROM (SELECT n, pg_temp.person(pg_temp.roll(1, n), pg_temp.roll(2, n)) AS name
      FROM generate_series(1, 72) AS n) AS drawn;

INSERT INTO customers (id, name, email, phone, city, country, region_id, segment, birth_date,
                       newsletter, created_at)
SELECT n,
       drawn.name,
       lower(regexp_replace(translate(drawn.name, 'üó', 'uo'), '[^A-Za-z]+', '.', 'g')) || n || '@'
           || pg_temp.pick(ARRAY['example.com', 'example.org', 'example.net'], pg_temp.roll(12, n)),
       CASE WHEN pg_temp.roll(13, n) < 0.8
            THEN '+' || (10000000000 + floor(89999999999 * pg_temp.roll(14, n)))::bigint END,
       places.city,
       places.country,
       places.region_id,
       (enum_range(NULL::customer_segment))[1 + floor(4 * power(pg_temp.roll(15, n), 2))::integer],
       CASE WHEN pg_temp.roll(16, n) < 0.7
            THEN current_date - (6600 + floor(20000 * pg_temp.roll(17, n)))::integer END,
       pg_temp.roll(18, n) < 0.42,
       current_date - interval '1 day' * floor(1500 * pg_temp.roll(19, n))
           - interval '1 second' * floor(86400 * pg_temp.roll(20, n))
FROM (SELECT n,
             pg_temp.person(power(pg_temp.roll(10, n), 1.3), power(pg_temp.roll(11, n), 1.3)) AS name,
             1 + floor(40 * power(pg_temp.roll(21, n), 1.7))::integer AS place
      FROM generate_series(1, 8000) AS n) AS drawn
JOIN places ON places.id = drawn.place;

----------------------------------------------------------------------------------------------------
-- Categories, suppliers, products.

INSERT INTO categories (id, name, parent_id) VALUES
    (1, 'Furniture', NULL), (2, 'Electronics', NULL), (3, 'Kitchen', NULL), (4, 'Garden', NULL),
    (5, 'Sports', NULL), (6, 'Stationery', NULL),
    (7, 'Chairs', 1), (8, 'Tables', 1), (9, 'Lamps', 1), (10, 'Shelves', 1),
    (11, 'Headphones', 2), (12, 'Speakers', 2), (13, 'Keyboards', 2), (14, 'Cameras', 2),
    (15, 'Cookware', 3), (16, 'Knives', 3), (17, 'Mugs', 3),
    (18, 'Tools', 4), (19, 'Planters', 4),
    (20, 'Bicycles', 5), (21, 'Backpacks', 5), (22, 'Tents', 5),
    (23, 'Notebooks', 6), (24, 'Pens', 6);

CREATE TEMPORARY TABLE kinds (category_id integer, low integer, high integer, kg numeric, noun text);
INSERT INTO kinds VALUES
    (7, 60, 600, 8, 'Armchair'), (7, 40, 350, 6, 'Office Chair'), (7, 25, 120, 3, 'Stool'),
    (8, 120, 1400, 30, 'Dining Table'), (8, 90, 700, 25, 'Desk'), (8, 50, 300, 12, 'Side Table'),
    (9, 20, 180, 2, 'Desk Lamp'), (9, 45, 320, 5, 'Floor Lamp'), (10, 40, 420, 15, 'Bookshelf'),
    (10, 15, 90, 4, 'Wall Shelf'), (11, 25, 380, 0.3, 'Headset'), (11, 15, 220, 0.1, 'Earbuds'),
    (12, 30, 500, 2, 'Bluetooth Speaker'), (12, 90, 900, 6, 'Soundbar'),
    (13, 30, 240, 0.9, 'Keyboard'), (13, 15, 60, 0.4, 'Numpad'), (14, 200, 2400, 0.8, 'Camera'),
    (14, 40, 160, 0.3, 'Webcam'), (15, 20, 180, 2, 'Saucepan'), (15, 30, 260, 3, 'Casserole'),
    (15, 18, 140, 2, 'Frying Pan'), (16, 15, 190, 0.3, 'Chef Knife'), (16, 8, 60, 0.1, 'Paring Knife'),
    (17, 6, 30, 0.4, 'Mug'), (17, 9, 45, 0.5, 'Travel Mug'), (18, 12, 80, 1, 'Trowel'),
    (18, 20, 140, 3, 'Rake'), (19, 8, 110, 4, 'Planter'), (20, 350, 3200, 14, 'City Bike'),
    (20, 500, 4200, 12, 'Gravel Bike'), (21, 30, 240, 1, 'Backpack'), (22, 80, 650, 4, 'Tent'),
    (23, 4, 28, 0.3, 'Notebook'), (23, 8, 40, 0.4, 'Planner'), (24, 2, 60, NULL, 'Fountain Pen'),
    (24, 1, 12, NULL, 'Pencil Set');

INSERT INTO products (id, name, category_id, price, cost, stock, weight_kg, discontinued, launched_on)
SELECT n,
       drawn.name,
       category_id,
       price,
       round(price * (0.4 + 0.35 * pg_temp.roll(31, n))::numeric, 2),
       CASE WHEN pg_temp.roll(32, n) < 0.06 THEN 0
            ELSE floor(400 * power(pg_temp.roll(33, n), 2))::integer END,
       round(kg * (0.6 + 0.8 * pg_temp.roll(34, n))::numeric, 2),
       pg_temp.roll(35, n) < 0.08,
       current_date - (60 + floor(2400 * pg_temp.roll(36, n)))::integer
FROM (SELECT row_number() OVER (ORDER BY hashtext(style || noun), style, noun) AS n,
             style || ' ' || noun AS name, category_id, kg, low, high
      FROM kinds,
           unnest(ARRAY['Walnut', 'Nordic', 'Classic', 'Compact', 'Urban', 'Alpine', 'Copper',
                        'Graphite', 'Ivory', 'Harbor', 'Meadow', 'Vintage']) AS style) AS drawn,
     LATERAL (SELECT round((low + (high - low) * power(pg_temp.roll(30, n), 2))::numeric, 0)
                     - 0.01 AS price) AS priced;

INSERT INTO suppliers (id, name, country, rating)
SELECT n,
       pg_temp.pick(ARRAY['Baltic', 'Rhine', 'Atlas', 'Nova', 'Iberia', 'Fjord', 'Summit', 'Delta',
                          'Orchard', 'Pioneer'], (n - 1) % 10 / 10.0)
           || ' ' || pg_temp.pick(ARRAY['Trading', 'Works', 'Industries', 'Supply'], (n - 1) / 10 / 4.0),
       pg_temp.pick(ARRAY['Germany', 'China', 'Poland', 'Italy', 'Sweden', 'Vietnam', 'Portugal',
                          'Turkey'], pg_temp.roll(40, n)),
       CASE WHEN pg_temp.roll(41, n) < 0.85 THEN round((2 + 3 * pg_temp.roll(42, n))::numeric, 1) END
FROM generate_series(1, 40) AS n;

INSERT INTO product_suppliers (product_id, supplier_id)
SELECT DISTINCT products.id,
       1 + floor(38 * power(pg_temp.roll(43, products.id * 4 + offer), 1.4))::integer
FROM products, generate_series(1, 3) AS offer
WHERE offer = 1 OR pg_temp.roll(44, products.id * 4 + offer) < 0.35;

----------------------------------------------------------------------------------------------------
-- Orders and their items. Few customers order much, few products sell much, recent months are
-- the busiest; the last 600 customers have never ordered, the last products were never sold.

CREATE TEMPORARY TABLE drafts AS
SELECT n,
       1 + (floor(7400 * (0.12 * pg_temp.roll(50, n) + 0.88 * power(pg_temp.roll(50, n), 1.8)))::integer
            * 3571) % 7400 AS customer_id,
       floor(1095 * power(1 - (n - 0.5) / 120000.0, 1.1))::integer AS age,
       1 + floor(4 * power(pg_temp.roll(52, n), 1.8))::integer AS lines,
       pg_temp.roll(53, n) AS fate,
       pg_temp.roll(54, n) AS pace
FROM generate_series(1, 120000) AS n;

INSERT INTO order_items (order_id, product_id, quantity, unit_price, discount)
SELECT n, product_id, quantity, unit_price,
       CASE WHEN pg_temp.roll(63, n * 8 + line) < 0.12
            THEN round(quantity * unit_price * 0.1, 2) ELSE 0 END
FROM (SELECT drafts.n, line, products.id AS product_id,
             1 + floor(4 * power(pg_temp.roll(61, drafts.n * 8 + line), 4))::integer AS quantity,
             round(products.price * (1 - 0.03 * (age / 365)), 2) AS unit_price
      FROM drafts
      CROSS JOIN LATERAL generate_series(1, lines) AS line
      JOIN products ON products.id =
           1 + (floor(425 * power(pg_temp.roll(60, drafts.n * 8 + line), 1.5))::integer * 137) % 425
     ) AS drawn
ORDER BY n, line;

INSERT INTO orders (id, customer_id, employee_id, status, channel, amount, coupon_code, ordered_at,
                    shipped_at)
SELECT n, customer_id,
       CASE WHEN channel IN ('store', 'phone')
            THEN 10 + floor(63 * pg_temp.roll(55, n))::integer END,
       status, channel, amount,
       CASE WHEN pg_temp.roll(56, n) < 0.1
            THEN pg_temp.pick(ARRAY['WELCOME10', 'SPRING', 'SUMMER', 'VIP'], pg_temp.roll(57, n)) END,
       ordered_at,
       CASE WHEN status IN ('shipped', 'delivered')
            THEN ordered_at + interval '1 hour' * (4 + floor(60 * pace)) END
FROM (SELECT drafts.*,
             -- Orders of today are an hour old at most after midnight, never of tomorrow.
             current_date - interval '1 day' * age + interval '1 second' * floor(
                 CASE WHEN age = 0 THEN 3600
                      ELSE 86399 END * (pg_temp.roll(58, n) + pg_temp.roll(59, n)) / 2) AS ordered_at,
             (enum_range(NULL::sales_channel))
                 [1 + floor(4 * power(pg_temp.roll(51, n), 1.6))::integer] AS channel,
             (CASE WHEN fate < 0.055 THEN 'cancelled'
                   WHEN age <= 3 THEN CASE WHEN fate < 0.35 THEN 'pending' ELSE 'paid' END
                   WHEN age <= 7 THEN CASE WHEN fate < 0.15 THEN 'paid' ELSE 'shipped' END
                   WHEN fate < 0.06 THEN 'shipped'
                   ELSE 'delivered' END)::order_status AS status
      FROM drafts) AS drawn
JOIN (SELECT order_id, sum(quantity * unit_price - discount) AS amount
      FROM order_items GROUP BY order_id) AS sums ON sums.order_id = n
ORDER BY n;

-- No customer is younger than their first order.
UPDATE customers SET created_at = first_order - interval '1 hour'
FROM (SELECT customer_id, min(ordered_at) AS first_order FROM orders GROUP BY customer_id) AS firsts
WHERE customers.id = firsts.customer_id AND created_at > first_order;

----------------------------------------------------------------------------------------------------
-- Payments (some in two parts) and returns.

INSERT INTO payments (order_id, method, amount, paid_at)
SELECT id,
       (enum_range(NULL::payment_method))[1 + floor(4 * power(pg_temp.roll(71, id), 1.8))::integer],
       CASE WHEN parts = 1 THEN amount WHEN part = 1 THEN round(amount / 2, 2)
            ELSE amount - round(amount / 2, 2) END,
       ordered_at + interval '1 minute' * floor(50 * pg_temp.roll(72, id)) + interval '2 days' * (part - 1)
FROM (SELECT *, CASE WHEN pg_temp.roll(70, id) < 0.04 AND ordered_at < current_date - 7
                     THEN 2 ELSE 1 END AS parts
      FROM orders WHERE status NOT IN ('pending', 'cancelled')) AS paid,
     LATERAL generate_series(1, parts) AS part
ORDER BY id, part;

INSERT INTO returns (order_item_id, reason, refund, returned_on)
SELECT order_items.id,
       pg_temp.pick(ARRAY['damaged', 'wrong size', 'changed mind', 'late delivery', 'defective'],
                    pg_temp.roll(81, order_items.id)),
       CASE WHEN pg_temp.roll(82, order_items.id) < 0.9
            THEN quantity * unit_price - discount END,
       orders.shipped_at::date + 2 + floor(20 * pg_temp.roll(83, order_items.id))::integer
FROM order_items JOIN orders ON orders.id = order_items.order_id
WHERE orders.status = 'delivered' AND orders.ordered_at < current_date - 30
  AND pg_temp.roll(80, order_items.id) < 0.04
ORDER BY order_items.id;

----------------------------------------------------------------------------------------------------
-- Keys between the tables, a view, and what everything means.

ALTER TABLE employees ADD FOREIGN KEY (region_id) REFERENCES regions,
                      ADD FOREIGN KEY (manager_id) REFERENCES employees;
ALTER TABLE customers ADD FOREIGN KEY (region_id) REFERENCES regions;
ALTER TABLE categories ADD FOREIGN KEY (parent_id) REFERENCES categories;
ALTER TABLE products ADD FOREIGN KEY (category_id) REFERENCES categories;
ALTER TABLE product_suppliers ADD FOREIGN KEY (product_id) REFERENCES products,
                              ADD FOREIGN KEY (supplier_id) REFERENCES suppliers;
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers,
                   ADD FOREIGN KEY (employee_id) REFERENCES employees;
ALTER TABLE order_items ADD FOREIGN KEY (order_id) REFERENCES orders,
                        ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE payments ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE returns ADD FOREIGN KEY (order_item_id) REFERENCES order_items;

CREATE INDEX ON orders (customer_id);
CREATE INDEX ON orders (ordered_at);
CREATE INDEX ON order_items (order_id);
CREATE INDEX ON order_items (product_id);
CREATE INDEX ON payments (order_id);
CREATE INDEX ON returns (order_item_id);

CREATE VIEW monthly_revenue AS
SELECT date_trunc('month', paid_at)::date AS month, count(*) AS payment_count, sum(amount) AS revenue
FROM payments GROUP BY 1;

COMMENT ON TABLE regions IS 'Sales regions of the world';
COMMENT ON TABLE employees IS 'People who work for the shop';
COMMENT ON COLUMN employees.manager_id IS 'The employee they report to; empty for the director';
COMMENT ON COLUMN employees.salary IS 'Yearly, before tax, in euro';
COMMENT ON COLUMN employees.active IS 'Still works here';
COMMENT ON TABLE customers IS 'People and companies who have an account';
COMMENT ON COLUMN customers.segment IS 'Kind of customer';
COMMENT ON COLUMN customers.newsletter IS 'Gets the newsletter';
COMMENT ON COLUMN customers.created_at IS 'When the account was opened';
COMMENT ON TABLE categories IS 'Product categories, in two levels';
COMMENT ON COLUMN categories.parent_id IS 'The category it belongs to; empty at the top';
COMMENT ON TABLE suppliers IS 'Companies that the shop buys from';
COMMENT ON COLUMN suppliers.rating IS 'From 2.0 (poor) to 5.0; empty before the first review';
COMMENT ON TABLE products IS 'What the shop sells';
COMMENT ON COLUMN products.price IS 'List price today, in euro';
COMMENT ON COLUMN products.cost IS 'What the shop pays for one, in euro';
COMMENT ON COLUMN products.stock IS 'Pieces in the warehouse';
COMMENT ON COLUMN products.discontinued IS 'Not bought in any more';
COMMENT ON TABLE product_suppliers IS 'Which supplier can deliver which product';
COMMENT ON TABLE orders IS 'Orders placed by customers';
COMMENT ON COLUMN orders.employee_id IS 'Who took the order; empty for web and app';
COMMENT ON COLUMN orders.amount IS 'What all its items cost together, in euro';
COMMENT ON COLUMN orders.ordered_at IS 'When the customer placed it';
COMMENT ON COLUMN orders.shipped_at IS 'When it left the warehouse; empty until then';
COMMENT ON TABLE order_items IS 'The products of an order';
COMMENT ON COLUMN order_items.unit_price IS 'Price of one piece when it was ordered, in euro';
COMMENT ON COLUMN order_items.discount IS 'Taken off the whole line, in euro';
COMMENT ON TABLE payments IS 'Money received; large orders may be paid in two parts';
COMMENT ON TABLE returns IS 'Items that customers sent back';
COMMENT ON COLUMN returns.refund IS 'Money paid back, in euro; empty while it is examined';
COMMENT ON VIEW monthly_revenue IS 'Money received by month';

DROP FUNCTION pg_temp.person, pg_temp.pick, pg_temp.roll;
DROP TABLE pg_temp.drafts, pg_temp.kinds, pg_temp.places;

ANALYZE;
