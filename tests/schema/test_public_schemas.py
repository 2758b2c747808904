"""Schemas that people publish data in, in shorthand: the expected links, keys and times are in the shorthand
itself.

A line is a table: `name*rows: column=kind …`. Kinds: `key` (whole numbers), `code` (texts): the table's primary
key; `ref:t` a link to table t (`ref?:t` with nulls, `ref~:t` with a few unknown values); `to:e:n` a link to an
entity e without a table, n values; `time!` the time column, as timestamp (`iso!` text, `epoch!` seconds);
`time` another time (`stamp` the same everywhere); `int:n`, `cat:n`, `float`, `text`, `name`, `flag`, `date`:
none of these. A line that is indented further goes on with the one before.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pyarrow as pa
import pytest

from edgewise.sources.database import open_database

START = dt.datetime(2023, 3, 1)
CONTINUED = "\n" + " " * 12

SCHEMAS = {
    "northwind": """
        Customers*40: CustomerID=code CompanyName=name Country=cat:2
        Employees*9: EmployeeID=key LastName=name BirthDate=time HireDate=time! ReportsTo=ref?:Employees
        Shippers*3: ShipperID=key CompanyName=name
        Categories*8: CategoryID=key CategoryName=name
        Products*60: ProductID=key CategoryID=ref:Categories UnitsInStock=int:90
        Orders*150: OrderID=key CustomerID=ref:Customers EmployeeID=ref:Employees OrderDate=time! RequiredDate=time
            ShippedDate=time ShipVia=ref:Shippers
        OrderDetails*300: OrderID=ref:Orders ProductID=ref:Products Quantity=int:60 Discount=float
    """,
    "chinook": """
        Artist*20: ArtistId=key Name=name
        Album*40: AlbumId=key Title=name ArtistId=ref:Artist
        Track*200: TrackId=key Name=name AlbumId=ref:Album Milliseconds=int:900
        Employee*8: EmployeeId=key ReportsTo=ref?:Employee HireDate=time!
        Customer*30: CustomerId=key SupportRepId=ref:Employee Phone=text
        Invoice*100: InvoiceId=key CustomerId=ref:Customer InvoiceDate=time! Total=float
        InvoiceLine*240: InvoiceLineId=key InvoiceId=ref:Invoice TrackId=ref:Track Quantity=int:3
        PlaylistTrack*240: PlaylistId=ref:Playlist TrackId=ref:Track
        Playlist*8: PlaylistId=key Name=name
    """,
    "film rental": """
        actor*30: actor_id=key first_name=name last_update=stamp
        language*6: language_id=key name=name last_update=stamp
        film*60: film_id=key title=name language_id=ref:language original_language_id=ref?:language
            release_year=int:9 rental_duration=int:5 last_update=stamp
        film_actor*180: actor_id=ref:actor film_id=ref:film last_update=stamp
        staff*4: staff_id=key username=name last_update=stamp
        store*2: store_id=key manager_staff_id=ref:staff last_update=stamp
        inventory*120: inventory_id=key film_id=ref:film store_id=ref:store last_update=stamp
        customer*40: customer_id=key store_id=ref:store create_date=time! active=flag
        rental*240: rental_id=key rental_date=time! inventory_id=ref:inventory customer_id=ref:customer
            return_date=time staff_id=ref:staff last_update=stamp
        payment*240: payment_id=key customer_id=ref:customer staff_id=ref:staff rental_id=ref:rental amount=float
            payment_date=time!
    """,
    "stack exchange": """
        Users*60: Id=key Reputation=int:50 CreationDate=time! DisplayName=name UpVotes=int:40 DownVotes=int:9
            Views=int:50
        Posts*200: Id=key PostTypeId=int:2 AcceptedAnswerId=ref?:Posts ParentId=ref?:Posts
            OwnerUserId=ref?:Users CreationDate=time! Score=int:30 Body=text AnswerCount=int:9
            CommentCount=int:9
        Comments*240: Id=key PostId=ref:Posts UserId=ref?:Users CreationDate=time! Score=int:9 Text=text
        Votes*300: Id=key PostId=ref:Posts VoteTypeId=int:9 CreationDate=time! UserId=ref?:Users
        Badges*150: Id=key UserId=ref:Users Name=cat:9 Date=time! Class=int:3
        PostLinks*90: Id=key CreationDate=time! PostId=ref:Posts RelatedPostId=ref:Posts
    """,
    "instacart": """
        orders*120: order_id=key user_id=to:users:40 eval_set=cat:2 order_number=int:30 order_dow=int:7
            order_hour_of_day=int:24 days_since_prior_order=float
        order_products*400: order_id=ref:orders product_id=ref:products add_to_cart_order=int:9 reordered=flag
        products*80: product_id=key product_name=name aisle_id=ref:aisles department_id=ref:departments
        aisles*20: aisle_id=key aisle=name
        departments*9: department_id=key department=name
        searches*90: user_id=to:users:40 query=cat:20 searched_at=time!
    """,
    "olist": """
        olist_orders_dataset*120: order_id=code customer_id=ref:olist_customers_dataset order_status=cat:4
            order_purchase_timestamp=time! order_approved_at=time order_delivered_customer_date=time
            order_estimated_delivery_date=time
        olist_order_items_dataset*200: order_id=ref:olist_orders_dataset order_item_id=int:4
            product_id=ref:olist_products_dataset seller_id=ref:olist_sellers_dataset
            shipping_limit_date=time! price=float
        olist_products_dataset*50: product_id=code product_category_name=cat:9 product_weight_g=int:50
        olist_sellers_dataset*20: seller_id=code seller_zip_code_prefix=int:30 seller_city=cat:5
        olist_customers_dataset*120: customer_id=code customer_city=cat:9
        olist_order_payments_dataset*150: order_id=ref:olist_orders_dataset payment_sequential=int:3
            payment_type=cat:4 payment_value=float
    """,
    "movielens": """
        ratings*400: userId=to:users:60 movieId=ref:movies rating=float timestamp=epoch!
        tags*150: userId=to:users:60 movieId=ref:movies tag=cat:20 timestamp=epoch!
        movies*90: movieId=key title=name genres=cat:9
        links*90: movieId=1:1:movies imdbId=int:9 tmdbId=int:9
    """,
    "retail rocket": """
        events*400: timestamp=epoch! visitorid=to:visitors:50 event=cat:3 itemid=to:items:80
            transactionid=int:20
        item_properties*300: timestamp=epoch! itemid=to:items:80 property=cat:9 value=text
        category_tree*40: categoryid=key parentid=ref?:category_tree
        visits*100: visitorid=to:visitors:50 at=time!
    """,
    "fashion": """
        articles*80: article_id=code product_code=int:50 prod_name=name product_type_no=int:9
            colour_group_code=int:9 detail_desc=text
        customers*60: customer_id=code FN=flag Active=flag age=int:60 postal_code=cat:20
        transactions*400: t_dat=time! customer_id=ref:customers article_id=ref:articles price=float
            sales_channel_id=int:2
    """,
    "bank": """
        district*20: district_id=key A2=name A4=int:90
        account*60: account_id=key district_id=ref:district frequency=cat:3 date=time!
        client*80: client_id=key birth_number=int:90 district_id=ref:district
        disp*90: disp_id=key client_id=ref:client account_id=ref:account type=cat:2
        trans*300: trans_id=key account_id=ref:account date=time! amount=float balance=float k_symbol=cat:4
        loan*40: loan_id=key account_id=ref:account date=time! amount=int:90 duration=int:60 payments=float
            status=cat:4
        card*30: card_id=key disp_id=ref:disp issued=time! type=cat:3
    """,
    "events": """
        users*70: user_id=key locale=cat:5 birthyear=int:40 gender=cat:2 joinedAt=time! location=cat:9
            timezone=int:9
        events*90: event_id=key user_id=ref:users start_time=time! city=cat:9 lat=float lng=float
        event_attendees*300: event=ref:events user_id=ref:users status=cat:4 start_time=time!
        event_interest*200: user=ref:users event=ref:events invited=flag timestamp=time! interested=flag
        user_friends*250: user=ref:users friend=ref:users
    """,
    "reviews": """
        customer*60: customer_id=key customer_name=name
        product*70: product_id=key category=cat:9 brand=cat:9 title=name description=text price=float
        review*400: review_text=text summary=text review_time=time! rating=int:5 verified=flag
            customer_id=ref:customer product_id=ref:product
    """,
    "code hosting": """
        accounts*50: id=key login=name kind=cat:2 created_at=time! site_admin=flag
        repositories*60: id=key owner_id=ref:accounts name=name fork=flag
            forked_from_repository_id=ref?:repositories stars=int:40 created_at=time! pushed_at=time
        issues*150: id=key repository_id=ref:repositories number=int:60 author_id=ref:accounts
            assignee_id=ref?:accounts title=text opened_at=time! closed_at=time comments=int:20
        commits*300: sha=text repo_id=ref:repositories committer_id=ref:accounts committed_at=time!
            additions=int:50
    """,
    "world": """
        Country*30: Code=code Name=name Continent=cat:5 Population=int:90 Capital=int:20
        City*90: ID=key Name=name CountryCode=ref:Country District=cat:20 Population=int:90
        CountryLanguage*80: CountryCode=ref:Country Language=cat:20 IsOfficial=flag Percentage=float
    """,
    "logistics": """
        warehouses*9: warehouse_id=key city=cat:5
        carriers*6: carrier_id=key name=name
        shipments*200: shipment_id=key from_warehouse_id=ref:warehouses to_warehouse_id=ref:warehouses
            carrier_id=ref:carriers created=time! delivered=time weight=float
        tracking_events*400: shipmentId=ref:shipments status=cat:5 occurred_at=iso!
    """,
    "school": """
        students*80: student_no=code full_name=name enrolled_on=time!
        teachers*9: id=key name=name
        courses*20: course_code=code teacher_id=ref:teachers credits=int:9
        enrollments*240: student_no=ref:students course_code=ref:courses grade=int:9 term=cat:3
            enrolled_at=time!
    """,
    "ads": """
        AdsInfo*90: AdID=key LocationID=ref:Location CategoryID=ref:Category Price=float IsContext=flag
        Category*20: CategoryID=key Level=int:3 ParentCategoryID=ref?:Category
        Location*30: LocationID=key Level=int:3 RegionID=int:9
        UserInfo*60: UserID=key UserAgentID=int:9 UserDeviceID=int:20
        SearchInfo*150: SearchID=key SearchDate=time! UserID=ref:UserInfo IsUserLoggedOn=flag
            LocationID=ref:Location CategoryID=ref?:Category
        SearchStream*300: SearchID=ref:SearchInfo AdID=ref:AdsInfo Position=int:8 IsClick=flag SearchDate=time!
        VisitStream*200: UserID=ref:UserInfo AdID=ref:AdsInfo ViewDate=time!
    """,
    "dirty": """
        tbl_customer*60: cust_no=code name=name
        tbl_invoice*150: inv_id=key cust_no=ref~:tbl_customer invoice_date=time! due_date=time paid_date=time
            total=float
        tbl_invoice_line*300: inv_id=ref:tbl_invoice line=int:9 sku=to:skus:40 qty=int:9 price=float
        tbl_stock*90: sku=to:skus:40 on_hand=int:50 counted_at=time!
    """,
    "wholesale": """
        nation*25: n_nationkey=key n_name=name n_regionkey=ref:region n_comment=text
        region*5: r_regionkey=key r_name=name
        customer*60: c_custkey=key c_name=name c_nationkey=ref:nation c_acctbal=float
        orders*120: o_orderkey=key o_custkey=ref:customer o_orderstatus=cat:3 o_orderdate=time!
            o_shippriority=int:2
        part*50: p_partkey=key p_name=name p_size=int:50
        supplier*20: s_suppkey=key s_nationkey=ref:nation
        partsupp*90: ps_partkey=ref:part ps_suppkey=ref:supplier ps_availqty=int:90
        lineitem*300: l_orderkey=ref:orders l_partkey=ref:part l_suppkey=ref:supplier l_linenumber=int:7
            l_quantity=int:50 l_shipdate=time! l_commitdate=time l_receiptdate=time
    """,
    "motor racing": """
        races*60: raceId=key year=int:9 round=int:9 circuitId=ref:circuits name=name date=time!
        circuits*20: circuitId=key circuitRef=text name=name
        status*9: statusId=key status=name
        results*300: resultId=key raceId=ref:races driverId=ref:drivers constructorId=ref:constructors
            statusId=ref:status position=int:9 grid=int:20
        drivers*40: driverId=key driverRef=text number=int:40 dob=time
        constructors*12: constructorId=key name=name
        lapTimes*300: raceId=ref:races driverId=ref:drivers lap=int:50 position=int:9 milliseconds=int:90
    """,
    "bicycles": """
        SalesOrderHeader*120: SalesOrderID=key OrderDate=time! DueDate=time ShipDate=time
            CustomerID=ref:Customer SalesPersonID=ref?:SalesPerson BillToAddressID=ref:Address
            ShipToAddressID=ref:Address ShipMethodID=ref:ShipMethod SubTotal=float
        SalesOrderDetail*300: SalesOrderID=ref:SalesOrderHeader SalesOrderDetailID=key OrderQty=int:9
            ProductID=ref:Product UnitPrice=float
        Customer*50: CustomerID=key PersonID=ref?:Person StoreID=int:9 TerritoryID=ref:SalesTerritory
        Person*80: BusinessEntityID=key FirstName=name
        SalesPerson*9: BusinessEntityID=key SalesQuota=float
        Address*60: AddressID=key City=cat:9
        ShipMethod*5: ShipMethodID=key Name=name
        Product*40: ProductID=key ProductSubcategoryID=ref?:ProductSubcategory
        ProductSubcategory*9: ProductSubcategoryID=key ProductCategoryID=ref:ProductCategory
        ProductCategory*4: ProductCategoryID=key Name=name
        SalesTerritory*9: TerritoryID=key Name=name
    """,
    "clinical trials": """
        studies*90: nct_id=key start_date=time! target_duration=cat:5 phase=cat:4 enrollment=int:90
        outcomes*150: id=key nct_id=ref:studies outcome_type=cat:3 title=text date=time!
        facilities*40: facility_id=key name=name city=cat:9
        facilities_studies*200: id=key nct_id=ref:studies facility_id=ref:facilities date=time!
        sponsors*30: sponsor_id=key name=name
        sponsors_studies*120: id=key nct_id=ref:studies sponsor_id=ref:sponsors lead_or_collaborator=cat:2
            date=time!
        eligibilities*90: id=key nct_id=ref:studies gender=cat:2 date=time!
    """,
    "tickets": """
        Ticket*100: TicketKey=key ReporterUserKey=ref:User AssigneeUserKey=ref?:User ProjectKey=ref:Project
            StatusKey=int:4 CreatedDateUtc=time! ClosedDateUtc=time
        User*40: UserKey=key Name=name
        Project*9: ProjectKey=key OwnerUserKey=ref:User
        TicketComment*200: TicketCommentKey=key TicketKey=ref:Ticket AuthorUserKey=ref:User Written=time!
    """,
    "streaming": """
        listens*400: user=to:users:60 track_uri=ref:tracks ms_played=int:900 played_at=time!
        tracks*90: uri=code name=name artist_uri=ref:artists popularity=int:90
        artists*30: uri=code name=name genres=cat:9
    """,
    "two sides": """
        users*60: user=code age=int:60
        items*50: item=code price=float
        interactions*300: user=ref:users item=ref:items time=time! rating=int:5
    """,
    "music subscriptions": """
        members*60: msno=code city=int:9 bd=int:60 registration_init_time=time! expiration_date=time
        songs*50: song_id=code song_length=int:90 genre_ids=cat:9 language=int:9
        train*300: msno=ref:members song_id=ref:songs source_type=cat:9 target=flag
        transactions*200: msno=ref:members payment_method_id=int:9 plan_list_price=int:90
            transaction_date=time! membership_expire_date=time is_cancel=flag
    """,
    "podcasts": """
        shows*30: show_id=key title=name
        episodes*90: episode_id=key show_id=ref:shows published=time! duration_s=int:900
        plays*400: listener_id=to:listeners:50 episode_id=ref:episodes started_at=time! seconds=int:90
        follows*100: listener_id=to:listeners:50 show_id=ref:shows followed_at=time!
    """,
    "bricks": """
        colors*20: id=key name=name rgb=text is_trans=flag
        parts*60: part_num=code name=name part_cat_id=ref:part_categories
        part_categories*9: id=key name=name
        sets*50: set_num=code name=name year=int:40 theme_id=ref:themes num_parts=int:90
        themes*12: id=key name=name parent_id=ref?:themes
        inventories*80: id=key version=int:3 set_num=ref:sets
        inventory_parts*300: inventory_id=ref:inventories part_num=ref:parts color_id=ref:colors
            quantity=int:9 is_spare=flag
    """,
    "online courses": """
        courses*9: code_module=cat:4 code_presentation=cat:3 module_presentation_length=int:200
        studentInfo*100: id_student=to:students:70 code_module=cat:4 code_presentation=cat:3 gender=cat:2
            final_result=cat:4
        vle*40: id_site=key activity_type=cat:6
        studentVle*400: id_student=to:students:70 id_site=ref:vle date=int:90 sum_click=int:9
    """,
    "payments": """
        cards*50: card_id=key holder=name
        merchants*30: merchant_id=key mcc=int:20
        payments*300: payment_id=key card=ref:cards merchant=ref:merchants amount=float ts=time! is_fraud=flag
        chargebacks*20: payment_id=1:1:payments filed_at=time! reason=cat:4
    """,
    "citations": """
        papers*90: paper_id=key title=text year=int:30 venue_id=ref:venues
        venues*9: venue_id=key name=name
        authors*50: author_id=key name=name
        writes*200: author_id=ref:authors paper_id=ref:papers
        citations*200: citing_paper_id=ref:papers cited_paper_id=ref:papers
    """,
    "commandes": """
        clients*40: id_client=key nom=name date_creation=time!
        produits*30: id_produit=key libelle=name
        commandes*200: id_commande=key id_client=ref:clients date_commande=time!
        lignes*300: id_commande=ref:commandes id_produit=ref:produits quantite=int:9
    """,
    "bicycle rides": """
        stations*40: station_id=code name=name lat=float lng=float
        rides*300: ride_id=code start_station_id=ref:stations end_station_id=ref:stations started_at=time!
            ended_at=time member_casual=cat:2
    """,
}  # fmt: skip


class Maker:
    """Turns shorthand into tables and expectations."""

    def __init__(self, text: str) -> None:
        self.random = random.Random(5)
        self.rows: dict[str, int] = {}
        self.specs: dict[str, dict[str, str]] = {}
        for line in filter(None, map(str.strip, text.replace(CONTINUED, " ").splitlines())):
            head, _, columns = line.partition(":")
            name, _, rows = head.partition("*")
            self.rows[name] = int(rows)
            self.specs[name] = dict(word.split("=", 1) for word in columns.split())
        self.keys = {
            t: next((c for c, k in s.items() if k in ("key", "code")), None) for t, s in self.specs.items()
        }
        self.times = {t: next((c for c, k in s.items() if k.endswith("!")), None) for t, s in self.specs.items()}
        self.links = {
            f"{t}.{c} -> {k.split(':')[-1 if k[0] != 't' else 1]}"
            for t, s in self.specs.items() for c, k in s.items() if k.startswith(("ref", "to:", "1:1"))
        }  # fmt: skip

    def tables(self) -> dict[str, pa.Table]:
        return {
            t: pa.table({c: self.values(t, k, self.rows[t]) for c, k in s.items()}) for t, s in self.specs.items()
        }

    def key_values(self, table: str) -> list[Any]:
        start = 100 + 37 * sorted(self.specs).index(table)
        every = list(range(start, start + self.rows[table]))
        return (
            [f"{table[:2]}{v * 7919:07x}" for v in every]
            if self.specs[table].get(self.keys[table] or "") == "code"
            else every
        )

    def values(self, table: str, kind: str, n: int) -> list[Any]:
        word, _, rest = kind.partition(":")
        if word in ("key", "code"):
            return self.key_values(table)
        if kind.startswith("1:1:"):
            return self.key_values(kind.split(":")[2])[:n]
        if word.startswith("ref"):
            values = [self.random.choice(self.key_values(rest)) for _ in range(n)]
            if word == "ref?":
                return [v if i % 3 else None for i, v in enumerate(values)]
            return [v if word == "ref" or i % 20 else f"x{i}" for i, v in enumerate(values)]
        if word == "to":
            size = int(rest.partition(":")[2])
            return [i + 1 if i < size else self.random.randint(1, size) for i in range(n)]
        return [self.plain(word, rest, i) for i in range(n)]

    def plain(self, word: str, rest: str, i: int) -> Any:
        moment = START + dt.timedelta(hours=7 * i, seconds=self.random.randint(0, 9999))
        if word.startswith("int"):
            return self.random.randint(1, int(rest))
        made = {
            "cat": lambda: f"label{self.random.randint(1, int(rest or 1))}",
              "float": lambda: round(self.random.uniform(1, 90), 2),
            "text": lambda: f"these are the words of row {i} and no other {self.random.random()}",
              "name": lambda: f"Name {i} of",
            "flag": lambda: bool(self.random.randint(0, 1)), "time!": lambda: moment, "iso!": moment.isoformat,
            "epoch!": lambda: int(moment.timestamp()), "time": lambda: moment + dt.timedelta(days=9),
            "stamp": lambda: START,
        }  # fmt: skip
        return made[word]()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_published_schema_comes_out_right(name: str) -> None:
    maker = Maker(SCHEMAS[name])
    with open_database(maker.tables()) as database:
        schema = database.schema
    assert {f"{link.name} -> {link.to}" for link in schema.links} == maker.links
    found = {t: schema.tables[t].key for t in maker.keys}
    borrowed = {t for t, s in maker.specs.items() if any(k.startswith("1:1") for k in s.values())}
    assert {t: k for t, k in found.items() if t not in borrowed} == {
        t: k for t, k in maker.keys.items() if t not in borrowed
    }
    assert {t: schema.tables[t].time for t in maker.times} == maker.times
