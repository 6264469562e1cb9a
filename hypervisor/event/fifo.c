/* SPDX-License-Identifier: MIT */
/* The FIFO ABI: event words and queues. The guest writes to these words at the same time, so each
 * change is one that the compiler turns into a single atomic instruction: a compare-and-exchange
 * loop could be prolonged by the guest without limit. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/fifo.h"
#include "hypervisor/event/table.h"

#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED  (1u << EVTCHN_FIFO_MASKED)
#define LINKED  (1u << EVTCHN_FIFO_LINKED)
#define LINK    ((u32)EVTCHN_FIFO_LINK_MASK)

_Static_assert(EVENT_PORTS_MAX - 1 <= 0xffff, "a tail holds a port");
_Static_assert(FIFO_VCPUS_MAX >= DOMAIN_VCPUS_MAX, "queues for every vCPU");

/* The event word of `port`. NULL: the guest has given no array page for that port. */
static event_word_t *word_of(const struct fifo *fifo, u32 port)
{
    u32 page = port / FIFO_WORDS_A_PAGE;

    return page < fifo->pages ? &fifo->array[page][port % FIFO_WORDS_A_PAGE] : NULL;
}

/* Sets one bit, given as a mask. True: it was set before. */
static bool set_bit(u32 *word, u32 bit)
{
    return __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST) & bit;
}

static void clear_bits(u32 *word, u32 bits)
{
    __atomic_and_fetch(word, ~bits, __ATOMIC_SEQ_CST);
}

static u32 read_word(const u32 *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

/* Links `port` behind `tail`. False: the guest has taken `tail` off the queue, so the queue is
 * empty (or the guest has written a link into `tail`, which it may not).
 *
 * The link field of a tail is 0, so adding `port` stores it. The link field of a word that is not
 * linked has no meaning, so it may be written before the linked bit is checked, and is cleared
 * afterwards. */
static bool append(const struct fifo *fifo, u32 tail, u32 port)
{
    event_word_t *word = word_of(fifo, tail);

    if ((__atomic_fetch_add(word, port, __ATOMIC_SEQ_CST) & (LINKED | LINK)) == LINKED) {
        return true;
    }
    clear_bits(word, LINK);
    return false;
}

/* Moves a port from the queue it was linked into last to queue `next`. The port is not linked now;
 * so if it is still the tail of its old queue, the guest has emptied that queue and the tail is
 * reset. */
static void leave_queue(struct fifo *fifo, struct channel *channel, u32 port, u16 next)
{
    u16 last = channel->queue;

    if (last == next) {
        return;
    }
    u16 *tail = &fifo->vcpu[last / EVTCHN_FIFO_MAX_QUEUES].tail[last % EVTCHN_FIFO_MAX_QUEUES];
    if (*tail == port) {
        *tail = 0;
    }
    channel->queue = next;
}

/* Links a pending port into the queue of its vCPU and priority, unless it is linked already or the
 * vCPU has no control block. If the port is now the head of the queue, sets the queue's ready bit,
 * and requests the upcall if that bit was clear. */
static void enqueue(struct domain *domain, struct channel *channel, u32 port, event_word_t *word)
{
    struct fifo *fifo = domain->events.fifo;
    struct fifo_queues *queues = &fifo->vcpu[channel->vcpu];
    u8 priority = channel->priority;
    u32 tail;

    if (!queues->control || set_bit(word, LINKED)) {
        return;
    }
    leave_queue(fifo, channel, port,
                (u16)(channel->vcpu * EVTCHN_FIFO_MAX_QUEUES + channel->priority));
    tail = queues->tail[priority];
    queues->tail[priority] = (u16)port;
    if (tail && tail != port && append(fifo, tail, port)) {
        return;
    }
    __atomic_store_n(&queues->control->head[priority], port, __ATOMIC_SEQ_CST);
    if (!set_bit(&queues->control->ready, 1u << priority)) {
        event_upcall(domain->vcpu[channel->vcpu]);
    }
}

bool fifo_raise(struct domain *domain, struct channel *channel, u32 port)
{
    event_word_t *word = word_of(domain->events.fifo, port);

    if (!word) {
        bool news = !channel->waits;
        channel->waits = true;
        return news;
    }
    bool news = !set_bit(word, PENDING);
    /* A CPU that clears one of these bits after this check finds PENDING set: EVTCHNOP_unmask
     * then links the port, and a guest that took it off a queue handles the event. */
    if (!(read_word(word) & (MASKED | LINKED))) {
        enqueue(domain, channel, port, word);
    }
    return news;
}

void fifo_unmask(struct domain *domain, struct channel *channel, u32 port)
{
    event_word_t *word = word_of(domain->events.fifo, port);

    if (!word) {
        return;
    }
    clear_bits(word, MASKED);
    if (read_word(word) & PENDING && channel) {
        enqueue(domain, channel, port, word);
    }
}

bool fifo_pending(const struct fifo *fifo, const struct channel *channel, u32 port)
{
    const event_word_t *word = word_of(fifo, port);

    return word ? read_word(word) & PENDING : channel && channel->waits;
}

bool fifo_linked(const struct fifo *fifo, u32 port)
{
    const event_word_t *word = word_of(fifo, port);

    return word && read_word(word) & LINKED;
}

void fifo_clear_pending(struct fifo *fifo, struct channel *channel, u32 port)
{
    event_word_t *word = word_of(fifo, port);

    channel->waits = false;
    if (word) {
        clear_bits(word, PENDING);
    }
}
